import { queryOptions } from '@tanstack/react-query';
import { ProblemError } from '../api/problem.js';

/** What the service says of itself before anybody has signed in: `/dashboard/settings.json`. */
export interface Settings {
  /** Who may make an account here: everybody, who was invited, or nobody, and then there are no passwords. */
  accounts: 'open' | 'invite' | 'off';
  /** Whether the service sends mails, by which a forgotten password is replaced. */
  mails: boolean;
  /** The host of the provider that people sign in with; null where there is none. */
  provider: string | null;
}

/** Outlives what is forgotten when a session ends: a form must not go away under somebody's hands. */
let known: Settings | undefined;

export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: async ({ signal }): Promise<Settings> => {
    const response = await fetch('/dashboard/settings.json', { signal }).catch((cause: unknown) => {
      throw ProblemError.unreachable(cause);
    });
    if (!response.ok) throw new ProblemError(undefined, response);
    known = (await response.json()) as Settings;
    return known;
  },
  initialData: () => known,
  retry: (failures, error) => failures < 2 && error instanceof ProblemError && error.isPassing,
  retryDelay: 400,
});
