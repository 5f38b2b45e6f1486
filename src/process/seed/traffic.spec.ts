import { describe, expect, it } from '@jest/globals';
import { trafficOf, type Traffic } from './traffic.js';

const NOW = new Date('2026-05-27T10:30:00Z');
const USED: Traffic = { perDay: 2400, shape: 'day', createdDaysAgo: 400 };

const sumOf = (traffic: Traffic, verdict: string): number =>
  [...trafficOf(traffic, 90, NOW, 7)]
    .filter((one) => one.verdict === verdict)
    .reduce((sum, { count }) => sum + count, 0);

describe('The usage of a seeded key', () => {
  it('fills ninety days up to the hour that it is, about as often as it should, and always alike', () => {
    const counts = [...trafficOf(USED, 90, NOW, 7)];
    expect(counts[0]?.hour.toISOString()).toBe('2026-02-26T11:00:00.000Z');
    expect(counts.at(-1)?.hour.toISOString()).toBe('2026-05-27T10:00:00.000Z');
    expect(sumOf(USED, 'VALID') / (90 * USED.perDay)).toBeCloseTo(0.92, 0);
    expect([...trafficOf(USED, 90, NOW, 7)]).toEqual(counts);
  });

  it('begins when the key was created, and is refused since it does not work any more', () => {
    const revoked: Traffic = { ...USED, createdDaysAgo: 10, silentForDays: 5, became: 'revoked' };
    const counts = [...trafficOf(revoked, 90, NOW, 7)];
    expect(counts[0]?.hour.toISOString()).toBe('2026-05-17T11:00:00.000Z');
    const isLate = ({ hour }: { hour: Date }): boolean => hour > new Date('2026-05-22T10:00:00Z');
    expect(new Set(counts.filter(isLate).map(({ verdict }) => verdict))).toEqual(new Set(['REVOKED']));
  });

  it('is none where there should be none', () => {
    expect([...trafficOf({ ...USED, perDay: 0 }, 90, NOW, 7)]).toEqual([]);
  });
});
