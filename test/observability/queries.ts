import { readFile } from 'node:fs/promises';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
  labels?: { severity?: string };
  annotations?: { summary?: string; runbook_url?: string };
}

interface Panel {
  title: string;
  targets: { expr: string }[];
}

/** A query, and where it is written. */
export interface Query {
  from: string;
  expr: string;
}

/** What a query names. */
export interface Named {
  /** Each metric with the labels that it is chosen by. */
  selectors: { metric: string; labels: string[] }[];
  /** Labels by which results are put together. */
  grouped: string[];
}

export async function rules(): Promise<Rule[]> {
  const { groups } = parse(await readFile('docs/observability/rules.yml', 'utf8')) as {
    groups: { rules: Rule[] }[];
  };
  return groups.flatMap((group) => group.rules);
}

/** Every query of the rules and of the dashboard, with what Grafana puts in for its variables. */
export async function queries(): Promise<Query[]> {
  const { panels } = JSON.parse(await readFile('docs/observability/dashboard.json', 'utf8')) as {
    panels: Panel[];
  };
  return [
    ...(await rules()).map(({ record, alert, expr }) => ({ from: record ?? alert ?? '', expr })),
    ...panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({ from: title, expr: expr.replaceAll('$__rate_interval', '5m') })),
    ),
  ];
}

/** Reads a query with the grammar of Prometheus. Throws for what is none. */
export function readQuery(expr: string): Named {
  const named: Named = { selectors: [], grouped: [] };
  parser.parse(expr).iterate({
    enter: ({ name, type, from, to, node }) => {
      const text = expr.slice(from, to);
      if (type.isError) throw new SyntaxError(`No PromQL at ${from}: ${expr}`);
      if (name === 'VectorSelector') named.selectors.push({ metric: '', labels: [] });
      const selector = named.selectors.at(-1);
      if (name === 'Identifier' && selector !== undefined) selector.metric = text;
      if (name === 'LabelName') {
        if (node.parent?.name === 'GroupingLabels') named.grouped.push(text);
        else selector?.labels.push(text);
      }
    },
  });
  return named;
}
