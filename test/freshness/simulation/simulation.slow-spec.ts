import { describe, expect, it } from '@jest/globals';
import { BUGS, type Bug } from './bugs.js';
import { simulate } from './simulate.js';
import type { WorldReport } from './world.js';

/** `npm run simulate -- --seeds 100000` runs many more of the same. */
const SEEDS = 1000;
/** A planted bug must show within so many histories. */
const SEEDS_TO_FIND_A_BUG = 5000;

describe('The protocol, simulated with the classes of the service', () => {
  it('breaks no promise, whatever is delayed, lost, stopped, cut off, put to sleep or killed', async () => {
    const reports: WorldReport[] = [];
    await simulate(0, SEEDS, { onWorld: (report) => void reports.push(report) });

    expect(reports.filter(({ violations }) => violations.length > 0)).toEqual([]);
    expect(reports).toHaveLength(SEEDS);
    // The histories are about something.
    expect(sum(reports, 'fromCache')).toBeGreaterThan(100 * SEEDS);
    expect(sum(reports, 'settled')).toBeGreaterThan(10 * SEEDS);
    expect(sum(reports, 'failed')).toBeGreaterThan(SEEDS);
  }, 120_000);

  it('tells the same history of a seed each time, alone or among others', async () => {
    const alone: WorldReport[] = [];
    const among: WorldReport[] = [];
    await simulate(17, 1, { onWorld: (report) => void alone.push(report) });
    await simulate(0, 30, { onWorld: (report) => void among.push(report) });

    expect(among.find(({ seed }) => seed === 17)).toEqual(alone[0]);
  });

  it.each(Object.entries(BUGS) as [Bug, string][])(
    'finds the bug %s: %s',
    async (bug) => {
      let found: WorldReport | undefined;
      await simulate(0, SEEDS_TO_FIND_A_BUG, {
        bug,
        onWorld: (report) => {
          if (!report.violations.some((violation) => violation.includes(' was said '))) return undefined;
          found = report;
          return 'stop';
        },
      });

      expect(found).toBeDefined();
    },
    120_000,
  );
});

function sum(reports: WorldReport[], name: 'fromCache' | 'settled' | 'failed'): number {
  return reports.reduce((total, report) => total + report[name], 0);
}
