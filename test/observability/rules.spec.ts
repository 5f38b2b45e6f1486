import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { queries, readQuery, rules } from './queries.js';

interface RulesTest {
  tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[];
}

describe('the rules and the dashboard', () => {
  it('ask in PromQL', async () => {
    const all = await queries();
    expect(all.length).toBeGreaterThan(60);
    for (const { expr } of all) expect(readQuery(expr).selectors).not.toEqual([]);
    for (const wrong of ['sum(', 'rate(a[5m]', 'a b', 'sum by job (a)', 'a{b=c}']) {
      expect(() => readQuery(wrong)).toThrow(SyntaxError);
    }
  });

  it('name recorded series that are recorded', async () => {
    const recorded = new Set((await rules()).map(({ record }) => record));
    for (const { from, expr } of await queries()) {
      for (const { metric } of readQuery(expr).selectors) {
        if (metric.includes(':'))
          expect({ from, metric, is: recorded.has(metric) }).toEqual({ from, metric, is: true });
      }
    }
  });

  it('raise alerts that say how bad it is, and lead to what to do', async () => {
    for (const { alert, labels, annotations } of await rules()) {
      if (alert === undefined) continue;
      const [path = '', anchor] = annotations?.runbook_url?.split('#') ?? [];
      const headings = [...(await readFile(path, 'utf8')).matchAll(/^## (.+)$/gm)].map(
        ([, heading = '']) => heading,
      );
      const section = headings.find((heading) => anchorOf(heading) === anchor);
      expect(section).toBeDefined();
      expect(annotations?.summary).toMatch(/\.$/);
      expect(['critical', 'warning']).toContain(labels?.severity);
    }
  });

  it('are tried by promtool: of each alert what raises it, and what does not', async () => {
    const { tests } = parse(await readFile('docs/observability/rules.test.yml', 'utf8')) as RulesTest;
    const tried = tests.flatMap((test) => test.alert_rule_test ?? []);
    for (const { alert } of await rules()) {
      if (alert === undefined) continue;
      const raised = tried.filter(({ alertname }) => alertname === alert).map((one) => one.exp_alerts.length);
      expect({ alert, raised: raised.sort() }).toEqual({ alert, raised: [0, 1] });
    }
  });
});

/** As GitHub makes one of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
