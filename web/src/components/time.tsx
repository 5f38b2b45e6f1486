import { useSyncExternalStore } from 'react';

/** The units, and the seconds from which each is told: "in 45 days" says more than "in 2 months". */
const UNITS: readonly { unit: Intl.RelativeTimeFormatUnit; seconds: number; from: number }[] = [
  { unit: 'year', seconds: 31_536_000, from: 31_536_000 },
  { unit: 'month', seconds: 2_592_000, from: 60 * 86_400 },
  { unit: 'day', seconds: 86_400, from: 86_400 },
  { unit: 'hour', seconds: 3600, from: 3600 },
  { unit: 'minute', seconds: 60, from: 60 },
];

const relative = new Intl.RelativeTimeFormat('en', { style: 'long' });
const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** "3 minutes ago", kept right while the page is open. The exact time, here and in UTC, is in its tooltip. */
export function RelativeTime({ time }: { time: string }) {
  const now = useSyncExternalStore(onMinute, minute);
  const date = new Date(time);
  return (
    <time dateTime={time} title={`${local.format(date)} · ${date.toISOString().replace('.000', '')} UTC`}>
      {inWords((date.getTime() - now) / 1000)}
    </time>
  );
}

function inWords(seconds: number): string {
  for (const { unit, seconds: length, from } of UNITS) {
    if (Math.abs(seconds) >= from) return relative.format(Math.round(seconds / length), unit);
  }
  // What has just happened may seem to lie ahead: the time here is told in steps.
  return seconds > STEP / 1000 ? 'in a moment' : 'just now';
}

const STEP = 20_000;
let now = Date.now();
const listeners = new Set<() => void>();
setInterval(() => {
  now = Date.now();
  for (const listener of listeners) listener();
}, STEP);

function onMinute(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function minute(): number {
  return now;
}
