import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RateLimitStore, RunOutcome } from '../../src/modules/metering/domain/rate-limit-store.js';
import type { LimitSet } from '../../src/modules/metering/domain/rate-limit.js';
import { MemoryRateLimitStore } from '../../src/modules/metering/infrastructure/memory-rate-limit-store.js';
import { ExactLog } from './exact-log.js';
import { limitSet, newOwner } from './limit-sets.js';

const SECOND = 1_000_000;
const START = Date.UTC(2026, 4, 27) * 1000;

/** Microseconds that stand still until a test moves them. */
export class TestMicros {
  now = START;
}

type Step =
  | { kind: 'take'; of: number; times: number }
  | { kind: 'wait'; micros: number }
  | { kind: 'setBack'; micros: number }
  | { kind: 'refund' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      of: fc.integer({ min: 0, max: 2 }),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      micros: fc.oneof(
        { weight: 30, arbitrary: fc.integer({ min: 1, max: SECOND / 50 }) },
        { weight: 1, arbitrary: fc.constantFrom(SECOND / 2, 2 * SECOND) },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('setBack' as const),
      micros: fc.integer({ min: 1, max: 3 * SECOND }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refund' as const) }) },
);

/** Two keys of one application, and one of another; windows of one and of two seconds. */
function threeSets(): LimitSet[] {
  const first = newOwner();
  const ofApplication = [{ name: 'all', limit: 150, windowSeconds: 2, cost: 1 }];
  return [
    limitSet(
      first,
      [
        { limit: 20, windowSeconds: 1 },
        { limit: 90, windowSeconds: 2, cost: 2 },
      ],
      ofApplication,
    ),
    limitSet(newOwner(first.applicationId), [{ limit: 200, windowSeconds: 2 }], ofApplication),
    limitSet(newOwner(), [{ limit: 3, windowSeconds: 1, cost: 3 }]),
  ];
}

/**
 * What every store promises. `make` gives a store that counts by the given clock, or by its server's without one.
 */
export function describeRateLimitStore(
  name: string,
  make: (clock?: () => number) => RateLimitStore,
  options: { numRuns: number },
): void {
  describe(`rate limits counted in ${name}`, () => {
    it('let no window of any limit hold more than it allows, whatever comes', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 300 }), async (steps) => {
          const { exact, sets } = await run(steps, make);
          for (const limit of sets.flatMap((set) => set.limits)) {
            const log = exact.get(`${limit.subjectId} ${limit.name}`);
            expect(log?.maxUsed(limit.windowSeconds * SECOND) ?? 0).toBeLessThanOrEqual(limit.limit);
          }
        }),
        { numRuns: options.numRuns, endOnFailure: true },
      );
    });

    it('are counted to the same as in memory when there are more hits than are told apart', async () => {
      const steps = Array.from({ length: 300 }, (_, i): Step[] => [
        { kind: 'wait', micros: ((i * 7919) % 97) * 150 },
        { kind: 'take', of: 1, times: 1 + (i % 3) },
      ]).flat();
      const { exact, sets } = await run(steps, make);
      const [limit] = sets[1]!.limits;
      expect(exact.get(`${limit!.subjectId} ${limit!.name}`)?.maxUsed(2 * SECOND)).toBeGreaterThan(140);
    });

    it('count all limits of a verification or none', async () => {
      const clock = new TestMicros();
      const store = make(() => clock.now);
      const set = limitSet(newOwner(), [{ limit: 10 }], [{ limit: 2 }]);
      const [outcome] = await store.take([{ set, times: 5 }]);
      expect(outcome?.granted).toBe(2);
      expect(outcome?.uses.map(({ used }) => used)).toEqual([2, 2]);
      const [refused] = await store.take([{ set, times: 1 }]);
      expect(refused?.granted).toBe(0);
      expect(refused?.uses.map(({ used }) => used)).toEqual([2, 2]);
    });

    it('are not used up by what is refused', async () => {
      const clock = new TestMicros();
      const store = make(() => clock.now);
      const set = limitSet(newOwner(), [{ limit: 1, windowSeconds: 1 }]);
      for (let i = 0; i < 5; i++) {
        const [outcome] = await store.take([{ set, times: 1 }]);
        expect(outcome?.granted).toBe(i === 0 ? 1 : 0);
        clock.now += SECOND / 5;
      }
      const [outcome] = await store.take([{ set, times: 1 }]);
      expect(outcome?.granted).toBe(1);
    });

    it('say to the microsecond when the next verification passes', async () => {
      const clock = new TestMicros();
      const store = make(() => clock.now);
      const set = limitSet(newOwner(), [{ limit: 3, windowSeconds: 1 }]);
      await store.take([{ set, times: 1 }]);
      clock.now += 250_000;
      await store.take([{ set, times: 2 }]);
      clock.now += 1;
      const [refused] = await store.take([{ set, times: 1 }]);
      expect(refused).toMatchObject({ granted: 0, uses: [{ used: 3, freeInMicros: 749_999 }] });
      clock.now += 749_998;
      const [early] = await store.take([{ set, times: 1 }]);
      expect(early?.granted).toBe(0);
      clock.now += 1;
      const [due] = await store.take([{ set, times: 1 }]);
      expect(due?.granted).toBe(1);
    });

    it('recover within a window although the clock was set back by an hour and only refusals follow', async () => {
      const clock = new TestMicros();
      const store = make(() => clock.now);
      const set = limitSet(newOwner(), [{ limit: 1, windowSeconds: 1 }]);
      await store.take([{ set, times: 1 }]);
      clock.now -= 3600 * SECOND;
      for (let i = 0; i < 4; i++) {
        const [refused] = await store.take([{ set, times: 1 }]);
        expect(refused?.granted).toBe(0);
        clock.now += SECOND / 4;
      }
      const [outcome] = await store.take([{ set, times: 1 }]);
      expect(outcome?.granted).toBe(1);
    });

    it('take back what was refused after all', async () => {
      const clock = new TestMicros();
      const store = make(() => clock.now);
      const set = limitSet(newOwner(), [{ limit: 4, cost: 2 }], [{ limit: 2 }]);
      const [first] = await store.take([{ set, times: 1 }]);
      clock.now += 10;
      await store.take([{ set, times: 1 }]);
      await store.refund(set, first?.at ?? 0);
      const [outcome] = await store.take([{ set, times: 2 }]);
      expect(outcome?.granted).toBe(1);
    });

    it('use the largest limits there are without losing count', async () => {
      const clock = new TestMicros();
      const store = make(() => clock.now);
      const set = limitSet(newOwner(), [
        { limit: 1_000_000_000, cost: 999_999_999, windowSeconds: 2_678_400 },
      ]);
      const [outcome] = await store.take([{ set, times: 3 }]);
      expect(outcome).toMatchObject({
        granted: 1,
        uses: [{ used: 999_999_999, freeInMicros: 2_678_400 * SECOND }],
      });
    });

    it('grant exactly the limit to many at once, by the clock of the store', async () => {
      const store = make();
      const shared = newOwner();
      const sets = Array.from({ length: 10 }, () =>
        limitSet(newOwner(shared.applicationId), [{ limit: 20 }], [{ limit: 100 }]),
      );
      const outcomes: RunOutcome[] = [];
      let calls = 0;
      const caller = async (): Promise<void> => {
        while (calls < 50) {
          const i = calls++;
          // Each in another order, so that those who wait for each other could wait in a circle.
          const runs = Array.from({ length: 10 }, (_, j) => ({ set: sets[(i * 7 + j) % 10]!, times: 1 }));
          outcomes.push(...(await store.take(runs)));
        }
      };
      await Promise.all(Array.from({ length: store.maxConcurrency.takes }, caller));
      const granted = outcomes.reduce((total, outcome) => total + outcome.granted, 0);
      expect(granted).toBe(100);
    });
  });

  /** Runs the steps on the store and, beside it, on the one in memory: both must answer the same. */
  async function run(steps: readonly Step[], make: (clock: () => number) => RateLimitStore) {
    /** Time that only goes forward, for the model. */
    let time = 0;
    const clock = new TestMicros();
    const store = make(() => clock.now);
    const reference = new MemoryRateLimitStore(() => clock.now, 1000);
    const sets = threeSets();
    // The one in memory drops what has expired when it makes room, and a clock set back could call it back to life
    // in another: so all room is made first.
    for (const each of [store, reference]) await each.take(sets.map((set) => ({ set, times: 0 })));
    const exact = new Map<string, ExactLog>();
    let latest: { set: LimitSet; at: number; time: number } | undefined;
    for (const step of steps) {
      if (step.kind === 'wait') {
        clock.now += step.micros;
        time += step.micros;
      } else if (step.kind === 'setBack') {
        clock.now -= step.micros;
        latest = undefined;
      } else if (step.kind === 'refund') {
        if (latest === undefined) continue;
        await store.refund(latest.set, latest.at);
        await reference.refund(latest.set, latest.at);
        for (const limit of latest.set.limits) {
          exact.get(`${limit.subjectId} ${limit.name}`)?.remove(latest.time, limit.cost);
        }
        latest = undefined;
      } else {
        const set = sets[step.of]!;
        const runs = [{ set, times: step.times }];
        const [outcome] = await store.take(runs);
        expect(outcome).toEqual((await reference.take(runs))[0]);
        const granted = outcome?.granted ?? 0;
        if (granted === 0) continue;
        latest = { set, at: outcome?.at ?? 0, time };
        for (const limit of set.limits) {
          const id = `${limit.subjectId} ${limit.name}`;
          const log = exact.get(id) ?? new ExactLog();
          exact.set(id, log);
          log.add(time, granted * limit.cost);
        }
      }
    }
    return { exact, sets };
  }
}
