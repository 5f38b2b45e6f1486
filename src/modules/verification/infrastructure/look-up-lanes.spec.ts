import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { LookUpLanes } from './look-up-lanes.js';

const PER_SECOND = 10;
const LIMITS = { atOnce: PER_SECOND, unknownPerSecond: PER_SECOND };
const PARTY = 'one';
const LARGEST_BATCH = 15;

/** What became of one that asked. */
type State = 'waiting' | 'begun' | 'too_many_requests' | 'service_unavailable';

describe('The lanes of unknown keys', () => {
  let clock: FakeClock;
  let lanes: LookUpLanes;
  beforeEach(() => {
    clock = new FakeClock();
    lanes = new LookUpLanes({ ...LIMITS, waitMs: 60_000, clock });
  });

  function ask(keys = 1, party = PARTY): { state: State; end: (unknown: number) => void } {
    const lane = lanes.of(party);
    const asked = {
      state: 'waiting' as State,
      end: (unknown: number) => {
        lane.release(keys, unknown);
      },
    };
    const refused = (error: unknown): void => {
      asked.state = (error as { code: State }).code;
    };
    try {
      if (lane.tryAcquire(keys)) asked.state = 'begun';
      else lane.acquire(keys).then(() => (asked.state = 'begun'), refused);
    } catch (error) {
      refused(error);
    }
    return asked;
  }

  /** Lets those who have been told go on. */
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('refuses nobody for keys that exist, however many are asked for at once, and serves them in order', async () => {
    const asked = Array.from({ length: 1000 }, () => ask());
    for (const [i, each] of asked.entries()) {
      await settled();
      expect(asked.map(({ state }) => state).lastIndexOf('begun')).toBe(Math.min(i + PER_SECOND, 1000) - 1);
      each.end(0);
    }
  });

  it('refuses those who wait, and those who come, when enough have been found not to exist in this second', async () => {
    const asked = Array.from({ length: 30 }, () => ask());
    for (const each of asked.slice(0, PER_SECOND)) each.end(1);
    await settled();
    expect(asked.slice(PER_SECOND).every(({ state }) => state === 'too_many_requests')).toBe(true);
    clock.advance(999);
    expect(ask().state).toBe('too_many_requests');
    expect(ask(1, 'another').state).toBe('begun');
    clock.advance(1);
    expect(ask().state).toBe('begun');
  });

  it('lets those who wait go on when the look-ups before them fail', async () => {
    const asked = Array.from({ length: 2 * PER_SECOND }, () => ask());
    for (const each of asked.slice(0, PER_SECOND)) each.end(0);
    await settled();
    expect(asked.every(({ state }) => state === 'begun')).toBe(true);
  });

  it('lets a batch larger than the bound begin when nobody is under way', async () => {
    const [single, batch, next] = [ask(), ask(LARGEST_BATCH), ask()];
    expect([single.state, batch.state]).toEqual(['begun', 'waiting']);
    single.end(1);
    await settled();
    expect([batch.state, next.state]).toEqual(['begun', 'waiting']);
    batch.end(0);
    await settled();
    expect(next.state).toBe('begun');
  });

  it('lets nobody wait longer than the time for it', async () => {
    lanes = new LookUpLanes({ atOnce: 1, unknownPerSecond: 1, waitMs: 20, clock });
    ask();
    const lane = lanes.of(PARTY);
    expect(lane.tryAcquire(1)).toBe(false);
    await expect(lane.acquire(1)).rejects.toMatchObject({ code: 'service_unavailable' });
  });

  it('lets no more unknown keys begin in a second than may, and leaves nobody waiting, whatever comes when', async () => {
    const event = fc.oneof(
      fc.record({ ask: fc.integer({ min: 1, max: LARGEST_BATCH }) }),
      fc.record({ end: fc.nat(), unknown: fc.nat({ max: LARGEST_BATCH }) }),
      fc.record({ advance: fc.integer({ min: 1, max: 1500 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        clock = new FakeClock();
        lanes = new LookUpLanes({ ...LIMITS, waitMs: 60_000, clock });
        const open: { keys: number; asked: ReturnType<typeof ask> }[] = [];
        const largestOf = (): number => Math.max(1, ...sizes);
        const sizes: number[] = [];
        let unknown = 0;
        let second = 0;
        const end = async (which: number, found: number): Promise<void> => {
          const begun = open.filter(({ asked }) => asked.state === 'begun');
          const one = begun[which % begun.length];
          if (one === undefined) return;
          open.splice(open.indexOf(one), 1);
          unknown += Math.min(found, one.keys);
          one.asked.end(Math.min(found, one.keys));
          await settled();
        };
        for (const happens of events) {
          if ('ask' in happens) {
            sizes.push(happens.ask);
            const asked = ask(happens.ask);
            // Refused only when enough have been found in this second.
            if (asked.state === 'too_many_requests') expect(unknown).toBeGreaterThanOrEqual(PER_SECOND);
            else open.push({ keys: happens.ask, asked });
          } else if ('end' in happens) {
            await end(happens.end, happens.unknown);
          } else {
            clock.advance(happens.advance);
          }
          if (Math.floor(clock.monotonic() / 1000) !== second) {
            second = Math.floor(clock.monotonic() / 1000);
            unknown = 0;
          }
          const underWay = open
            .filter(({ asked }) => asked.state === 'begun')
            .reduce((sum, { keys }) => sum + keys, 0);
          expect(unknown + underWay).toBeLessThan(PER_SECOND + largestOf());
        }
        for (let i = 0; i < 200; i++) await end(0, 0);
        expect(open.filter(({ asked }) => asked.state === 'waiting')).toEqual([]);
      }),
    );
  });
});
