import type { Bug } from './bugs.js';
import { simulate } from './simulate.js';
import { World } from './world.js';

/** One process of `npm run simulate`: a range of seeds, told over IPC as it goes; or one seed, told in full. */
export interface Job {
  first: number;
  count: number;
  bug?: Bug;
}

export interface Progress {
  worlds: number;
  events: number;
  verifications: number;
  fromCache: number;
  changes: number;
  failures: { seed: number; violations: string[] }[];
}

export async function runJob(job: Job, tell: (progress: Progress) => void): Promise<void> {
  // The simulated network fails all the time, and nobody reads where.
  Error.stackTraceLimit = 0;
  const fresh = (): Progress => ({
    worlds: 0,
    events: 0,
    verifications: 0,
    fromCache: 0,
    changes: 0,
    failures: [],
  });
  let progress = fresh();
  await simulate(job.first, job.count, {
    bug: job.bug,
    onWorld: ({ seed, violations, events, verifications, fromCache, settled }) => {
      progress.worlds += 1;
      progress.events += events;
      progress.verifications += verifications;
      progress.fromCache += fromCache;
      progress.changes += settled;
      if (violations.length > 0) progress.failures.push({ seed, violations });
      if (progress.worlds >= 200) {
        tell(progress);
        progress = fresh();
      }
      return undefined;
    },
  });
  tell(progress);
}

export async function replay(seed: number, bug: Bug | undefined): Promise<string[]> {
  const lines: string[] = [];
  const world = new World(seed, bug, (line) => lines.push(line));
  while (world.step()) await new Promise((resolve) => setImmediate(resolve));
  const { violations } = world.finish();
  return [...lines, ...violations.map((violation) => `VIOLATION  ${violation}`)];
}
