import type { ApiKey, KeyStatus } from '../api/client.js';

export const KEY_STATUSES = ['active', 'disabled', 'expired', 'revoked'] as const satisfies KeyStatus[];

/** What is shown of the keys of an application: it stands in the address. */
export interface KeyFilter {
  q?: string | undefined;
  status?: KeyStatus | undefined;
  environment?: ApiKey['environment'] | undefined;
  /** From 1. */
  page?: number | undefined;
}

/** The keys that a filter lets through, whatever their status: the counts beside the statuses are of these. */
export function matching(keys: readonly ApiKey[], { q = '', environment }: KeyFilter): ApiKey[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return keys.filter((key) => {
    if (environment !== undefined && key.environment !== environment) return false;
    if (words.length === 0) return true;
    const text = [key.name, key.hint, key.externalId ?? '', ...key.scopes, ...key.tags]
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
