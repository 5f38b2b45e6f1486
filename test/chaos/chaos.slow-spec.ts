import { describe, expect, it } from '@jest/globals';
import { PLANTS, type Plant, type PlantName } from './plants/plants.js';
import { describeReport } from './report.js';
import { run } from './run.js';
import { WORKLOADS, type WorkloadName } from './workloads/index.js';

const ALL = Object.keys(WORKLOADS) as WorkloadName[];
/** Some of the mistakes that show within seconds; the others by `npm run chaos -- --plant`. */
const SHOWING_SOON: PlantName[] = [
  'lease-from-answer',
  'no-waiting',
  'repeated-call-is-done-again',
  'credits-without-lock',
  'expiry-by-clock-of-node',
];
/** Until one of them must have shown. */
const PLANT_SECONDS = 120;

function quiet(): void {
  // Only what was found is worth reading.
}

describe('Three processes, and what is done to them', () => {
  it.each([
    { faults: [], seconds: 10, seed: 1 },
    { faults: ['delayed', 'cut', 'half-open', 'node-frozen', 'node-killed'], seconds: 15, seed: 2 },
    { faults: ['server-frozen-13'], seconds: 25, seed: 3 },
    { faults: ['server-stopped', 'server-killed', 'notifications-lost'], seconds: 15, seed: 4 },
  ])(
    'keep every promise: $faults, seed $seed',
    async ({ faults, seconds, seed }) => {
      const report = await run({
        database: 'single',
        workloads: ALL,
        faults,
        seconds,
        seed,
        progress: quiet,
      });
      expect(report.violations.count === 0 ? [] : describeReport(report)).toEqual([]);
      expect(report.keys).toBeGreaterThan(0);
    },
    240_000,
  );

  it.each(SHOWING_SOON)(
    'are caught at a mistake: %s',
    async (plant) => {
      const { workload, fault }: Plant = PLANTS[plant];
      const report = await run({
        database: 'single',
        workloads: [workload],
        faults: fault === 'none' ? [] : [fault],
        seconds: PLANT_SECONDS,
        seed: 1,
        plant,
        untilViolation: true,
        progress: quiet,
      });
      expect(report.violations.count).toBeGreaterThan(0);
    },
    300_000,
  );
});
