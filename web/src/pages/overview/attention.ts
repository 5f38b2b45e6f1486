import type { ApiKey } from '../../api/client.js';

/** Something about keys that somebody should look at. */
export interface Concern {
  id: string;
  title: string;
  /** What to do about it. */
  advice: string;
  keys: readonly ApiKey[];
}

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;
const IDLE_DAYS = 30;

/** What is to be looked at, the most pressing first. Pure. */
export function concernsOf(keys: readonly ApiKey[], now: number): Concern[] {
  const active = keys.filter(({ status }) => status === 'active');
  const daysSince = (time: string): number => (now - Date.parse(time)) / DAY_MS;
  const concerns: Concern[] = [
    {
      id: 'soon',
      title: `Expire within ${SOON_DAYS} days`,
      advice: 'Rotate or extend them before whoever uses them is refused.',
      keys: active.filter(({ expiresAt }) => expiresAt !== null && -daysSince(expiresAt) <= SOON_DAYS),
    },
    {
      id: 'idle',
      title: `Not used for ${IDLE_DAYS} days`,
      advice: 'Ask whose they are, and revoke what nobody needs.',
      keys: active.filter(({ lastUsedAt }) => lastUsedAt !== null && daysSince(lastUsedAt) > IDLE_DAYS),
    },
    {
      id: 'unused',
      title: 'Never used',
      advice: 'A key that nobody uses is good for whoever finds it.',
      keys: active.filter(
        ({ lastUsedAt, createdAt }) => lastUsedAt === null && daysSince(createdAt) > IDLE_DAYS,
      ),
    },
    {
      id: 'endless',
      title: 'Live keys that never expire',
      advice: 'Give them an end, and rotate them before it.',
      keys: active.filter(({ expiresAt, environment }) => expiresAt === null && environment === 'live'),
    },
  ];
  return concerns.filter((concern) => concern.keys.length > 0);
}
