import { parseArgs } from 'node:util';
import { DATABASES, type DatabaseName } from './databases.js';
import { NODE_FAULTS } from './faults/node-faults.js';
import { PLANTS, type Plant, type PlantName } from './plants/plants.js';
import { describeReport } from './report.js';
import { run, type RunOptions } from './run.js';
import { WORKLOADS, type WorkloadName } from './workloads/index.js';

const WORKLOAD_NAMES = Object.keys(WORKLOADS) as WorkloadName[];
const DATABASE_NAMES = Object.keys(DATABASES) as DatabaseName[];

const PLANT_NAMES = Object.keys(PLANTS) as PlantName[];

const HELP = `npm run chaos -- [--cluster single] [--workload all] [--fault mixed] [--seconds 60] [--seed 1]

Three processes of the service on one database, clients that write down what they were told, and faults. It ends
with 1 when something was seen that no order of the calls explains, and with 2 when it does not understand its
arguments.

  --cluster   what they stand on:
${DATABASE_NAMES.map((name) => `                ${name.padEnd(12)} ${DATABASES[name].about}`).join('\n')}
  --workload  all, or some of these, comma-separated:
${WORKLOAD_NAMES.map((name) => `                ${name.padEnd(12)} ${WORKLOADS[name].about}`).join('\n')}
  --fault     none, mixed, or some of these, comma-separated:
                ${wrap(NODE_FAULTS)}
${DATABASE_NAMES.map((name) => `              and with --cluster ${name}\n                ${wrap(DATABASES[name].faults)}`).join('\n')}
  --seconds   for how long, 1 to 86400
  --seed      gives the faults, their order and lengths, and what each client does next; how the processes
              interleave is up to the machine
  --plant     makes a mistake in every node, which the checker has to find; --workload and --fault are by default
              those under which it shows:
${PLANT_NAMES.map((name) => `                ${name.padEnd(30)} ${PLANTS[name].about}`).join('\n')}
`;

class BadArguments extends Error {}

/** Returns the exit status. */
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
  const plant = values.plant === undefined ? undefined : nameIn(values.plant, 'plant', PLANT_NAMES);
  const shows: Partial<Plant> = plant === undefined ? {} : PLANTS[plant];
  const { cluster = 'single', workload = 'all', fault = 'mixed' } = { ...shows, ...values };
  const database = nameIn(cluster, 'cluster', DATABASE_NAMES);
  const faults = [...NODE_FAULTS, ...DATABASES[database].faults];
  // Clocks are set only when that is asked for: then no promise that is about time can be judged.
  const mixed = faults.filter((name) => !name.includes('clock'));
  return {
    database,
    workloads: workload === 'all' ? WORKLOAD_NAMES : namesIn(workload, 'workload', WORKLOAD_NAMES),
    faults: fault === 'none' ? [] : fault === 'mixed' ? mixed : namesIn(fault, 'fault', faults),
    seconds: integerIn(values.seconds, 'seconds', 1, 86_400),
    plant,
    untilViolation: plant !== undefined,
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
        cluster: { type: 'string' },
        workload: { type: 'string' },
        fault: { type: 'string' },
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string', default: '1' },
        plant: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new BadArguments((error as Error).message);
  }
}

function namesIn<T extends string>(text: string, what: string, known: readonly T[]): T[] {
  return text.split(',').map((name) => nameIn(name.trim(), what, known));
}

function nameIn<T extends string>(text: string, what: string, known: readonly T[]): T {
  const name = known.find((other) => other === text);
  if (name === undefined) throw new BadArguments(`There is no ${what} called ${text}.`);
  return name;
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
