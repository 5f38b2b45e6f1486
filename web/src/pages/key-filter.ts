import type { ApiKey, KeyStatus } from '../api/client.js';

export const KEY_STATUSES = ['active', 'disabled', 'expired', 'revoked'] as const satisfies KeyStatus[];

/** What is shown of the keys of an application: it stands in the address. */
export interface KeyFilter {
  q?: string | undefined;
  status?: KeyStatus | undefined;
  environment?: ApiKey['environment'] | undefined;
  /** The newest first without it; a minus turns it round. */
  sort?: KeySort | undefined;
  /** From 1. */
  page?: number | undefined;
}

/** What keys are sorted by, each beginning with what is looked for most often. */
const COMPARE = {
  name: (a, b) => byText.compare(a.name, b.name),
  status: (a, b) => KEY_STATUSES.indexOf(a.status) - KEY_STATUSES.indexOf(b.status),
  // The latest use first, and what was never used last.
  used: (a, b) => compare(b.lastUsedAt ?? '', a.lastUsedAt ?? ''),
  // What ends next first, and what never does last.
  expires: (a, b) => compare(a.expiresAt ?? '~', b.expiresAt ?? '~'),
  created: (a, b) => compare(b.createdAt, a.createdAt),
} as const satisfies Record<string, (a: ApiKey, b: ApiKey) => number>;

export type SortColumn = keyof typeof COMPARE;
export type KeySort = SortColumn | `-${SortColumn}`;

const byText = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export const KEY_SORTS = (Object.keys(COMPARE) as SortColumn[]).flatMap((column): KeySort[] => [
  column,
  `-${column}`,
]);

export function sorted(keys: readonly ApiKey[], sort: KeySort | undefined): readonly ApiKey[] {
  // The service lists the newest first.
  if (sort === undefined) return keys;
  const isReversed = sort.startsWith('-');
  const comparison = COMPARE[sort.replace('-', '') as SortColumn];
  return [...keys].sort((a, b) => (isReversed ? comparison(b, a) : comparison(a, b)));
}

/** What a press on the head of a column leads to: its order, the other way round, and none. */
export function nextSort(sort: KeySort | undefined, column: SortColumn): KeySort | undefined {
  if (sort === column) return `-${column}`;
  return sort === `-${column}` ? undefined : column;
}

/** Times of the service are in one format and zone: they are in the order of their texts. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
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
