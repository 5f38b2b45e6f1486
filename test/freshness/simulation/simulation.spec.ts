import { expect, it } from '@jest/globals';
import { simulate } from './simulate.js';
import type { WorldReport } from './world.js';

/** simulation.slow-spec.ts tries many more. */
const SEEDS = 50;

it('The protocol, simulated with the classes of the service, breaks no promise', async () => {
  const reports: WorldReport[] = [];
  await simulate(0, SEEDS, { onWorld: (report) => void reports.push(report) });

  expect(reports.filter(({ violations }) => violations.length > 0)).toEqual([]);
  expect(reports).toHaveLength(SEEDS);
});
