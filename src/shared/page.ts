import { createHash } from 'node:crypto';
import { DomainError } from './domain-error.js';
import { isUuid } from './uuid.js';

/** One page of a list, newest first. Ids are UUIDv7, so their order is the order of creation. */
export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

export interface PageRequest {
  /** 1 to 100. */
  limit: number;
  /** Only items older than this id. */
  before?: string;
}

/** What the list was filtered by; a cursor is valid for the same filter only. */
export type Filter = Record<string, string | undefined>;

/**
 * Reads `limit` and the opaque `cursor` of a query. Throws `invalid_cursor`.
 *
 * @param isPlace whether a text can be what `toPage` has taken for the id of an item
 */
export function readPage(
  query: { limit?: number; cursor?: string },
  filter: Filter,
  isPlace: (text: string) => boolean = isUuid,
): PageRequest {
  const limit = query.limit ?? 20;
  if (query.cursor === undefined) return { limit };
  const [before = '', digest] = Buffer.from(query.cursor, 'base64url').toString().split(' ');
  if (!isPlace(before) || digest !== digestOf(filter)) {
    throw new DomainError(
      'invalid_cursor',
      'Use the nextCursor of an earlier answer, with the same filters, or leave it out.',
      { errors: [{ field: 'cursor', message: 'is not the nextCursor of an answer with these filters' }] },
    );
  }
  return { limit, before };
}

/** Makes the page out of up to `limit + 1` rows: the one too many only says that there are more. */
export function toPage<T extends { id: string }>(rows: T[], limit: number, filter: Filter): Page<T> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    data,
    nextCursor: more ? Buffer.from(`${last.id} ${digestOf(filter)}`).toString('base64url') : null,
  };
}

function digestOf(filter: Filter): string {
  const entries = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('base64url').slice(0, 11);
}
