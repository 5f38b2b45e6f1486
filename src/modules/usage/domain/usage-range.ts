import { DomainError } from '../../../shared/domain-error.js';

export const GRANULARITIES = ['hour', 'day'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

/** Hours are told apart for so long; then only the days are. */
export const HOURS_KEPT_DAYS = 90;

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
const BUCKET_MS = { hour: HOUR_MS, day: DAY_MS };
const DEFAULT_MS = { hour: DAY_MS, day: 30 * DAY_MS };
/** What one answer may hold. */
const MAX_DAYS = { hour: 31, day: 366 };

/** Whole hours, or days, of UTC. */
export interface UsageRange {
  readonly from: Date;
  /** The end, which is not part of it. */
  readonly to: Date;
  readonly granularity: Granularity;
}

/**
 * The hours or days that a part of `from` to `to` lies in. Without `to` it ends with the one that it is now; without
 * `from` it is a day by hours, or 30 days. Throws `validation_failed` for times that are reversed, too far apart, in the
 * future, or so long ago that hours are not known any more.
 */
export function usageRange(
  asked: { from?: Date; to?: Date; granularity?: Granularity },
  now: Date,
): UsageRange {
  const { granularity = 'day' } = asked;
  const size = BUCKET_MS[granularity];
  const end = startOf(now.getTime(), size) + size;
  const to = asked.to === undefined ? end : endOf(asked.to.getTime(), size);
  if (to > end) throw refused('to', 'must not be in the future');
  const from = startOf(asked.from?.getTime() ?? to - DEFAULT_MS[granularity], size);
  const isReversed = asked.from !== undefined && asked.from >= (asked.to ?? now);
  if (from >= to || isReversed) throw refused('from', 'must be before to, and not in the future');
  if (to - from > MAX_DAYS[granularity] * DAY_MS) {
    throw refused('from', `must be at most ${MAX_DAYS[granularity]} days before to, by the ${granularity}`);
  }
  if (granularity === 'hour' && from < hoursKeptSince(now)) {
    throw refused('granularity', `must be day for what is more than ${HOURS_KEPT_DAYS} days ago`);
  }
  return { from: new Date(from), to: new Date(to), granularity };
}

/** The beginning of each hour, or day. */
export function bucketsOf({ from, to, granularity }: UsageRange): Date[] {
  const size = BUCKET_MS[granularity];
  return Array.from(
    { length: (to.getTime() - from.getTime()) / size },
    (_, index) => new Date(from.getTime() + index * size),
  );
}

function hoursKeptSince(now: Date): number {
  return startOf(now.getTime() - HOURS_KEPT_DAYS * DAY_MS, DAY_MS);
}

function startOf(time: number, size: number): number {
  return Math.floor(time / size) * size;
}

function endOf(time: number, size: number): number {
  return Math.ceil(time / size) * size;
}

function refused(field: string, message: string): DomainError {
  return new DomainError('validation_failed', `${field} ${message}.`, { errors: [{ field, message }] });
}
