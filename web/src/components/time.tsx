import { useSyncExternalStore } from 'react';

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' });
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
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
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
