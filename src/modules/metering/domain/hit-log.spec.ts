import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExactLog } from '../../../../test/metering/exact-log.js';
import { PROPERTY_RUNS } from '../../../../test/support/property-runs.js';
import { HitLog, MAX_SPANS } from './hit-log.js';

/** Without making a failure smaller, which takes minutes: its seed repeats it. */
const RUNS = { numRuns: PROPERTY_RUNS, endOnFailure: true };
const WINDOW = 1000;
/** How much longer than its window a hit may be held. */
const SLACK = WINDOW / 32;

interface Step {
  /** Time until this request. */
  wait: number;
  units: number;
  /** How far the clock is set back before it. */
  setBack: number;
}

interface Traffic {
  limit: number;
  steps: Step[];
}

/** Traffic in bursts and pauses, or so dense that whatever is free too early is taken at once. */
function traffic(options: { setBack: boolean; maxLimit?: number }): fc.Arbitrary<Traffic> {
  const { maxLimit = 300 } = options;
  const never = fc.constant(0);
  const setBack = options.setBack
    ? fc.oneof(
        { weight: 60, arbitrary: never },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 * WINDOW }) },
      )
    : never;
  const units = fc.integer({ min: 1, max: 3 });
  const wait = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 12 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: WINDOW / 4 }) },
    { weight: 1, arbitrary: fc.integer({ min: WINDOW - 2, max: WINDOW + 2 }) },
  );
  const loose = fc.record({
    limit: fc.integer({ min: 3, max: maxLimit }),
    steps: fc.array(fc.record({ wait, units, setBack }), { minLength: 50, maxLength: 400 }),
  });
  const dense = fc.record({
    limit: fc.integer({ min: Math.min(65, maxLimit), max: maxLimit }),
    steps: fc.array(fc.record({ wait: fc.integer({ min: 0, max: 4 }), units, setBack }), {
      minLength: 800,
      maxLength: 1200,
    }),
  });
  return fc.oneof(loose, dense);
}

/** Runs the traffic, and tells of each request: the real time, whether it passed, and the model as it was then. */
function run(
  { limit, steps }: Traffic,
  check: (request: { time: number; passed: boolean; units: number; exact: ExactLog }) => void = () =>
    undefined,
): ExactLog {
  const log = new HitLog();
  const exact = new ExactLog();
  let time = 1_000_000;
  let offset = 0;
  for (const { wait, units, setBack } of steps) {
    time += wait;
    offset -= setBack;
    log.advance(time + offset, WINDOW);
    const passed = log.used + units <= limit;
    check({ time, passed, units, exact });
    if (passed) {
      log.add(time + offset, units);
      exact.add(time, units);
    }
  }
  return exact;
}

describe('the log of hits', () => {
  it('never lets a window hold more than the limit', () => {
    fc.assert(
      fc.property(traffic({ setBack: false }), (given) => {
        expect(run(given).maxUsed(WINDOW)).toBeLessThanOrEqual(given.limit);
      }),
      RUNS,
    );
  });

  it('refuses only what would not fit a window that is a 1/32 longer', () => {
    fc.assert(
      fc.property(traffic({ setBack: false }), (given) => {
        run(given, ({ time, passed, units, exact }) => {
          if (!passed) expect(exact.usedAt(time, WINDOW + SLACK) + units).toBeGreaterThan(given.limit);
        });
      }),
      RUNS,
    );
  });

  it('is exact while a window holds no more hits than are told apart', () => {
    fc.assert(
      fc.property(traffic({ setBack: false, maxLimit: MAX_SPANS }), (given) => {
        run(given, ({ time, passed, units, exact }) => {
          expect(passed).toBe(exact.usedAt(time, WINDOW) + units <= given.limit);
        });
      }),
      RUNS,
    );
  });

  it('lets no window hold more however often the clock is set back', () => {
    fc.assert(
      fc.property(traffic({ setBack: true }), (given) => {
        expect(run(given).maxUsed(WINDOW)).toBeLessThanOrEqual(given.limit);
      }),
      RUNS,
    );
  });

  it('is free again one window after the clock was set back by a year', () => {
    const log = new HitLog();
    const now = 1e9;
    log.add(now, 5);
    const back = now - 365 * 24 * 3600;
    log.advance(back, WINDOW);
    expect(log.used).toBe(5);
    log.advance(back + WINDOW - 1, WINDOW);
    expect(log.used).toBe(5);
    log.advance(back + WINDOW, WINDOW);
    expect(log.used).toBe(0);
  });

  it('says when so much is free, to the microsecond', () => {
    fc.assert(
      fc.property(traffic({ setBack: false }), fc.integer({ min: 1, max: 3 }), ({ limit, steps }, cost) => {
        const log = new HitLog();
        let time = 0;
        for (const { wait, units } of steps) {
          time += wait;
          log.advance(time, WINDOW);
          if (log.used + units <= limit) log.add(time, units);
        }
        if (log.used + cost <= limit) return;
        const at = log.freeAt(log.used + cost - limit, WINDOW);
        log.advance(at - 1, WINDOW);
        expect(log.used + cost).toBeGreaterThan(limit);
        log.advance(at, WINDOW);
        expect(log.used + cost).toBeLessThanOrEqual(limit);
      }),
      RUNS,
    );
  });

  it('lets steady traffic through for ever, at the rate of the limit less a 1/32', () => {
    const log = new HitLog();
    const limit = 320;
    let refused = 0;
    for (let i = 0; i < 20_000; i++) {
      const time = Math.ceil((i * WINDOW * 33) / (32 * limit));
      log.advance(time, WINDOW);
      if (log.used + 1 <= limit) log.add(time, 1);
      else refused++;
    }
    expect(refused).toBe(0);
  });

  it('joins the two hits that lie closest together when it has one more than it tells apart', () => {
    const window = 100_000;
    // Those at 100 and 101 are the closest.
    const times = [0, 100, 101, ...Array.from({ length: MAX_SPANS - 2 }, (_, index) => 200 + index * 100)];
    const log = new HitLog();
    for (const time of times.slice(0, MAX_SPANS)) log.add(time, 1);
    log.advance(100 + window, window);
    expect(log.used).toBe(MAX_SPANS - 2);

    const full = new HitLog();
    for (const time of times) full.add(time, 1);
    full.advance(window, window);
    expect(full.used).toBe(MAX_SPANS);
    full.advance(100 + window, window);
    expect(full.used).toBe(MAX_SPANS);
    full.advance(101 + window, window);
    expect(full.used).toBe(MAX_SPANS - 2);
  });

  it('is free, and has had no hit, while it is empty', () => {
    expect(new HitLog().lastHitAt).toBe(-Infinity);
    expect(new HitLog().freeAt(1, WINDOW)).toBe(-Infinity);
  });

  it('takes nothing back for a time at which there was no hit', () => {
    const log = new HitLog();
    log.add(10, 2);
    log.add(20, 2);
    for (const time of [5, 15, 25]) log.refund(time, 1);
    expect(log.used).toBe(4);
    log.refund(10, 2);
    expect(log.freeAt(0, WINDOW)).toBe(20 + WINDOW);
  });

  it('takes back a hit, and only that one', () => {
    const log = new HitLog();
    for (let time = 0; time < 100; time++) log.add(time, 2);
    log.refund(50, 2);
    expect(log.used).toBe(198);
    log.refund(99, 1);
    log.refund(99, 5);
    expect(log.used).toBe(196);
    log.refund(5000, 1);
    expect(log.used).toBe(196);
    log.advance(99 + WINDOW, WINDOW);
    log.refund(98, 2);
    expect(log.used).toBe(0);
  });
});
