import type { KeyUsage } from '../../api/key-queries.js';

const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
const hours = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const shortDays = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** What a day is called where there is little room. */
export function dayName(start: Date): string {
  return shortDays.format(start);
}

/** What a bucket is called: days are those of UTC, hours are told in the time of the person. */
export function bucketName({ granularity }: Pick<KeyUsage, 'granularity'>, start: string): string {
  return (granularity === 'day' ? days : hours).format(new Date(start));
}
