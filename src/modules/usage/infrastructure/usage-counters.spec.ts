import { describe, expect, it } from '@jest/globals';
import { addressOf, noteUse, startOf, UsageCounters } from './usage-counters.js';

const PLAIN = { keyId: 'key', applicationId: 'application' };
const NOON = Date.parse('2026-05-27T12:00:00Z');
const HOUR = 3600_000;

describe.each([
  ['', () => PLAIN],
  [', remembered by a record,', () => ({ ...PLAIN, counterMemo: { counter: undefined, table: undefined } })],
])('the counters of usage%s', (_, keyOf) => {
  const KEY = keyOf();

  it('are one for each key and hour, also when the clock is put back and forth', () => {
    const counters = new UsageCounters();
    for (const at of [NOON, NOON + HOUR, NOON + 1, NOON + HOUR + 1, NOON - 1, NOON + 2]) {
      counters.of(KEY, at)!.counts.VALID += 1;
    }
    const taken = counters.take().map((counter) => [startOf(counter.hour), counter.counts.VALID]);
    expect(taken.sort()).toEqual([
      ['2026-05-27T11:00:00.000Z', 1],
      ['2026-05-27T12:00:00.000Z', 3],
      ['2026-05-27T13:00:00.000Z', 2],
    ]);
  });

  it('begin anew when they were taken', () => {
    const counters = new UsageCounters();
    counters.of(KEY, NOON)!.counts.VALID += 1;
    expect(counters.size).toBe(1);
    expect(counters.take()).toHaveLength(1);
    expect(counters.size).toBe(0);
    expect(counters.of(KEY, NOON)!.counts.VALID).toBe(0);
  });

  it('are so many at most, and those there are go on', () => {
    const counters = new UsageCounters(2);
    expect(counters.of(KEY, NOON)).toBeDefined();
    expect(counters.of({ ...PLAIN, keyId: 'another' }, NOON)).toBeDefined();
    expect(counters.of({ ...PLAIN, keyId: 'one too many' }, NOON)).toBeUndefined();
    expect(counters.of(KEY, NOON + HOUR)).toBeUndefined();
    expect(counters.of(KEY, NOON)).toBeDefined();
  });

  it('keep the address of the last use, and only if it is one', () => {
    const counter = new UsageCounters().of(KEY, NOON)!;
    noteUse(counter, '192.0.2.1', NOON + 1);
    noteUse(counter, '192.0.2.2', NOON);
    expect([addressOf(counter), counter.lastUsedAt]).toEqual(['192.0.2.1', NOON + 1]);
    for (const from of [undefined, 'here', 'fe80::1%{},"', '{}']) {
      noteUse(counter, from, NOON + 2);
      expect(addressOf(counter)).toBeNull();
    }
  });
});
