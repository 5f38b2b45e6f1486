import { usageOfTree } from './processes.mjs';
import { median } from './stats.mjs';

/**
 * @typedef {object} SystemUnderTest
 * @property {string} name
 * @property {number} pid of the server
 * @property {(options: LoadOptions) => Promise<import('./load.mjs').LoadResult>} load
 * @property {boolean} [profiled] whether SIGUSR2 starts and ends a profile of it
 *
 * @typedef {object} LoadOptions
 * @property {number} connections
 * @property {number} [durationMs] without it, each request once
 * @property {number} [startAt] index of the first request
 *
 * @typedef {object} Measurement of one system in one round
 * @property {number} perSecond
 * @property {number} p50 milliseconds
 * @property {number} p99 milliseconds
 * @property {number} failures
 * @property {number | undefined} cpuPerThousand milliseconds of the server's CPU for a thousand requests
 * @property {number | undefined} postgresCpuPerThousand the same of PostgreSQL
 * @property {number | undefined} megabytes resident, of the server
 * @property {number} generatorCores
 *
 * @typedef {Map<string, Measurement[]>} Measured a measurement for each round, by the system's name
 */

/**
 * Loads one system after the other, round by round, so that whatever slows the machine for a while slows
 * all of them; who goes first rotates. The servers not under test idle. Before that it warms all of them up.
 *
 * @param {import('../run.mjs').Context} context
 * @param {object} options
 * @param {SystemUnderTest[]} options.systems
 * @param {number} options.rounds
 * @param {number} options.seconds measured, of each system in each round, after a quarter as long of warming up
 * @param {number} options.connections
 * @param {number} [options.warmUpMs] how long everybody is warmed up; without it, by each request once
 * @returns {Promise<Measured>}
 */
export async function runBenchmark(context, { systems, rounds, seconds, connections, warmUpMs }) {
  const { say, postgres } = context;
  await warmUp(systems, { connections, durationMs: warmUpMs }, say);
  const measured = new Map(systems.map(({ name }) => [name, []]));
  const position = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < systems.length; turn += 1) {
      const system = systems[(round + turn) % systems.length];
      const startAt = position.get(system.name) ?? 0;
      const before = await load(system, { connections, durationMs: seconds * 250, startAt });
      const measurement = await measure(system, postgres.pid, {
        connections,
        durationMs: seconds * 1000,
        startAt: before.endedAt,
      });
      position.set(system.name, measurement.endedAt);
      measured.get(system.name).push(measurement);
      say(
        `round ${round + 1} of ${rounds}, ${system.name}: ${Math.round(measurement.perSecond)}/s, ` +
          `p99 ${measurement.p99.toFixed(1)} ms`,
      );
    }
  }
  return measured;
}

/**
 * Fills the caches and gets the code compiled before anything is measured.
 *
 * @param {SystemUnderTest[]} systems
 * @param {LoadOptions} options
 * @param {(text: string) => void} say
 */
async function warmUp(systems, options, say) {
  for (const system of systems) {
    say(`warming up: ${system.name}`);
    await load(system, options);
  }
}

async function measure(system, postgresPid, options) {
  const before = usage(system, postgresPid);
  if (system.profiled) process.kill(system.pid, 'SIGUSR2');
  const result = await load(system, options);
  if (system.profiled) process.kill(system.pid, 'SIGUSR2');
  const after = usage(system, postgresPid);
  const perThousand = (from, to) =>
    from === undefined || to === undefined
      ? undefined
      : ((to.cpuSeconds - from.cpuSeconds) * 1000) / (result.requests / 1000);
  return {
    ...result,
    cpuPerThousand: perThousand(before.server, after.server),
    postgresCpuPerThousand: perThousand(before.postgres, after.postgres),
    megabytes: after.server?.megabytes,
  };
}

function usage(system, postgresPid) {
  return {
    server: usageOfTree(system.pid),
    postgres: postgresPid === undefined ? undefined : usageOfTree(postgresPid),
  };
}

/** A system that fails to answer as it should is not measured, it stops the benchmark. */
async function load(system, options) {
  const result = await system.load(options);
  if (result.failures > 0) {
    throw new Error(
      `${system.name}: ${result.failures} of its answers were wrong, the first:\n${result.firstFailure}`,
    );
  }
  return result;
}

/**
 * The median over the rounds of one figure.
 *
 * @param {Measurement[]} measurements
 * @param {keyof Measurement} figure
 */
export function typical(measurements, figure) {
  const values = measurements.map((measurement) => measurement[figure]);
  return values.includes(undefined) ? undefined : median(values);
}

/**
 * The median over the rounds of one system's figure divided by another's of the same round.
 *
 * @param {Measured} measured
 * @param {string} name
 * @param {string} base
 * @param {keyof Measurement} figure
 */
export function ratio(measured, name, base, figure) {
  const others = measured.get(base);
  const ratios = measured
    .get(name)
    .map((measurement, round) =>
      measurement[figure] === undefined ? undefined : measurement[figure] / others[round][figure],
    );
  return ratios.includes(undefined) ? undefined : median(ratios);
}
