import type { VerdictCode } from '../../modules/verification/index.js';

/** When in a day a key is used: like its people are awake, all the time, or by a job at night. */
export type Shape = 'day' | 'flat' | 'night';

export interface Traffic {
  /** Verifications on a usual day. */
  readonly perDay: number;
  readonly shape: Shape;
  /** Days ago: when it began, and since when there was none. */
  readonly createdDaysAgo: number;
  readonly silentForDays?: number;
  /** What is answered to those who use it though it does not work any more. */
  readonly became?: 'disabled' | 'revoked' | 'rotated';
  readonly expiresInDays?: number;
}

export interface HourlyCount {
  /** The beginning of an hour. */
  readonly hour: Date;
  readonly verdict: VerdictCode;
  readonly count: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * What was counted of a key in the hours of these days until now, in their order. Pure: the same seed gives the same.
 *
 * @param now the hour that it is in is the last one
 */
export function* trafficOf(traffic: Traffic, days: number, now: Date, seed: number): Generator<HourlyCount> {
  if (traffic.perDay === 0) return;
  const random = randomNumbers(seed);
  const last = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
  const first = last - Math.min(days, traffic.createdDaysAgo) * DAY_MS + HOUR_MS;
  const silentSince = last - (traffic.silentForDays ?? 0) * DAY_MS;
  for (let at = first; at <= last; at += HOUR_MS) {
    const hour = new Date(at);
    if (at > silentSince) {
      const verdict = refusalOf(traffic);
      // Somebody has not noticed.
      if (verdict !== undefined && random() < 0.08)
        yield { hour, verdict, count: 1 + Math.floor(random() * 6) };
      continue;
    }
    const expected = (traffic.perDay / 24) * weightOf(traffic.shape, hour) * growth(at, first, last);
    const count = Math.round(expected * (0.8 + 0.4 * random()) + random() - 0.5);
    if (count > 0) yield { hour, verdict: 'VALID', count };
    if (random() < 0.012) {
      yield { hour, verdict: 'RATE_LIMITED', count: 1 + Math.floor(count * 0.12 * random()) };
    }
    if (random() < 0.006) {
      yield { hour, verdict: 'INSUFFICIENT_PERMISSIONS', count: 1 + Math.floor(random() * 5) };
    }
  }
}

function refusalOf({ became, expiresInDays }: Traffic): VerdictCode | undefined {
  if (became === 'revoked') return 'REVOKED';
  if (became === 'disabled') return 'DISABLED';
  return (expiresInDays ?? 1) < 0 ? 'EXPIRED' : undefined;
}

/** 1 on average over a day. */
function weightOf(shape: Shape, hour: Date): number {
  const of = hour.getUTCHours();
  if (shape === 'flat') return 1;
  if (shape === 'night') return of >= 1 && of < 5 ? 6 : 0;
  const weekend = [0, 6].includes(hour.getUTCDay()) ? 0.62 : 1.15;
  return weekend * (1 - 0.85 * Math.cos(((of - 2) / 24) * 2 * Math.PI));
}

/** What sells is used a little more every week. */
function growth(at: number, first: number, last: number): number {
  return last === first ? 1 : 0.75 + (0.35 * (at - first)) / (last - first);
}

/** Between 0 and 1: mulberry32, which is no good for secrets and the same everywhere. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
