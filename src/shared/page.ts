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

/**
 * Characters of what people wrote into the items of a page: to write more in one turn would keep all others waiting. An item
 * that alone has more makes a page of its own.
 */
const MAX_SIZE = 1024 * 1024;

/**
 * Makes the page out of up to `limit + 1` rows: the one too many only says that there are more.
 *
 * @param sizeOf characters of what people wrote into an item, where that may be much
 */
export function toPage<T extends { id: string }>(
  rows: T[],
  limit: number,
  filter: Filter,
  sizeOf: (row: T) => number = () => 0,
): Page<T> {
  const data: T[] = [];
  let size = 0;
  for (const row of rows.slice(0, limit)) {
    size += sizeOf(row);
    if (size > MAX_SIZE && data.length > 0) break;
    data.push(row);
  }
  const last = data.at(-1);
  const more = rows.length > data.length && last !== undefined;
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
