import { parseArgs } from 'node:util';
import { DATABASES, type DatabaseName } from './databases.js';
import { NODE_FAULTS } from './faults/node-faults.js';
import { describeReport } from './report.js';
import { run, type RunOptions } from './run.js';
import { WORKLOADS, type WorkloadName } from './workloads/index.js';

const WORKLOAD_NAMES = Object.keys(WORKLOADS) as WorkloadName[];
const DATABASE_NAMES = Object.keys(DATABASES) as DatabaseName[];

const HELP = `npm run chaos -- [--cluster single] [--workload all] [--fault mixed] [--seconds 60] [--seed 1]

Three processes of the service on one database, clients that write down what they were told, and faults. It ends
with 1 when something was seen that no order of the calls explains, and with 2 when it does not understand its
arguments.

  --cluster   what they stand on:
${DATABASE_NAMES.map((name) => `                ${name.padEnd(12)} ${DATABASES[name].about}`).join('\n')}
  --workload  all, or some of these with commas between them:
${WORKLOAD_NAMES.map((name) => `                ${name.padEnd(12)} ${WORKLOADS[name].about}`).join('\n')}
  --fault     none, mixed, or some of these with commas between them:
                ${wrap(NODE_FAULTS)}
${DATABASE_NAMES.map((name) => `              and with --cluster ${name}\n                ${wrap(DATABASES[name].faults)}`).join('\n')}
  --seconds   for how long, 1 to 86400
  --seed      gives the faults, their order and lengths, and what each client does next; how the processes
              interleave is up to the machine
`;

class BadArguments extends Error {}

/** Answers the exit status. */
export async function main(args: string[]): Promise<number> {
  let options: RunOptions | undefined;
  try {
    options = read(args);
  } catch (error) {
    if (!(error instanceof BadArguments)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return 2;
  }
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  console.log(
    `cluster ${options.database}; workload ${options.workloads.join(',')}; fault ${options.faults.join(',') || 'none'}; seed ${options.seed}`,
  );
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      interrupted.abort();
    });
  const report = await run({ ...options, signal: interrupted.signal });
  console.log(describeReport(report).join('\n'));
  return report.violations.count === 0 ? 0 : 1;
}

function read(args: string[]): RunOptions | undefined {
  const { values } = parse(args);
  if (values.help) return undefined;
  const [database] = namesIn(values.cluster, 'cluster', DATABASE_NAMES) as [DatabaseName];
  const faults = [...NODE_FAULTS, ...DATABASES[database].faults];
  return {
    database,
    workloads:
      values.workload === 'all'
        ? WORKLOAD_NAMES
        : (namesIn(values.workload, 'workload', WORKLOAD_NAMES) as WorkloadName[]),
    faults:
      values.fault === 'none'
        ? []
        : values.fault === 'mixed'
          ? // Clocks are set only when that is asked for: then no promise that is about time can be judged.
            faults.filter((name) => !name.includes('clock'))
          : namesIn(values.fault, 'fault', faults),
    seconds: integerIn(values.seconds, 'seconds', 1, 86_400),
    seed: integerIn(values.seed, 'seed', 0, 1_000_000_000),
    progress: (line) => {
      console.log(line);
    },
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        cluster: { type: 'string', default: 'single' },
        workload: { type: 'string', default: 'all' },
        fault: { type: 'string', default: 'mixed' },
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new BadArguments((error as Error).message);
  }
}

function namesIn(text: string, what: string, known: readonly string[]): string[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new BadArguments(`There is no ${what} called ${unknown.join(', ')}.`);
  return names;
}

function integerIn(text: string, what: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  throw new BadArguments(`--${what} is an integer from ${least} to ${most}.`);
}

function wrap(names: readonly string[]): string {
  return names
    .join(', ')
    .replace(/(.{1,90})(?: |$)/g, '$1\n                ')
    .trim();
}
