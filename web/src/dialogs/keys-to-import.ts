import type { components } from '../api/schema.js';
import { wordsOf } from './words.js';

export type KeyToImport = components['schemas']['KeyToImportDto'];

const SHA256 = /^(?:[0-9a-fA-F]{64}|[A-Za-z0-9_-]{43})$/;

/** What a file may say of a key, beside the key itself or its SHA-256. */
const COLUMNS = [
  'key',
  'sha256',
  'name',
  'environment',
  'scopes',
  'tags',
  'externalid',
  'expiresat',
  'prefix',
];

/** Why what was given cannot be understood: said to whoever gave it. */
export class UnreadableKeys extends Error {
  override readonly name = 'UnreadableKeys';
}

/**
 * Reads keys, one on each line, or comma-separated values whose first line names the columns. A key is hashed here: it
 * never leaves the browser. Throws `UnreadableKeys`.
 */
export async function readKeys(text: string): Promise<KeyToImport[]> {
  const rows = rowsOf(text).filter((row) => row.some((cell) => cell !== ''));
  const [first, ...rest] = rows;
  if (first === undefined) throw new UnreadableKeys('There is no key in it.');
  const names = first.map((cell) => cell.toLowerCase());
  const hasHead = names.includes('key') || names.includes('sha256');
  if (!hasHead) {
    const wide = rows.findIndex((row) => row.length > 1);
    if (wide >= 0)
      throw new UnreadableKeys(`Line ${wide + 1} has several columns, and the first names none.`);
    return Promise.all(rows.map(([cell = '']) => toKey(new Map([['key', cell]]))));
  }
  const unknown = names.find((name) => !COLUMNS.includes(name));
  if (unknown !== undefined) throw new UnreadableKeys(`There is no column “${unknown}”.`);
  if (rest.length === 0) throw new UnreadableKeys('There is no key in it.');
  return Promise.all(rest.map((row) => toKey(new Map(names.map((name, at) => [name, row[at] ?? ''])))));
}

async function toKey(cells: ReadonlyMap<string, string>): Promise<KeyToImport> {
  const of = (column: string): string | undefined => {
    const cell = cells.get(column);
    return cell === '' ? undefined : cell;
  };
  const given = of('sha256') ?? of('key') ?? '';
  const isHash = of('sha256') !== undefined || SHA256.test(given);
  const [name, environment, scopes, tags] = [of('name'), of('environment'), of('scopes'), of('tags')];
  const [externalId, expiresAt] = [of('externalid'), of('expiresat')];
  const prefix = of('prefix') ?? (isHash ? undefined : prefixOf(given));
  return {
    sha256: isHash ? given : await sha256(given),
    ...(prefix !== undefined && { prefix }),
    ...(name !== undefined && { name }),
    ...(environment !== undefined && { environment: environment as 'live' | 'test' }),
    ...(scopes !== undefined && { scopes: wordsOf(scopes.replaceAll(';', ' ')) }),
    ...(tags !== undefined && {
      tags: [...new Set(tags.split(';').map((tag) => tag.trim()))].filter(Boolean),
    }),
    ...(externalId !== undefined && { externalId }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** As in `sk_live_`: words that every key of its kind begins with. */
function prefixOf(key: string): string | undefined {
  return /^(?:[A-Za-z]{2,8}[_-]){1,2}(?=.{16})/.exec(key)?.[0];
}

async function sha256(text: string): Promise<string> {
  // Pages that came over plain HTTP have none; the types say otherwise.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined)
    throw new UnreadableKeys('Over plain HTTP the browser cannot hash keys: give their SHA-256 instead.');
  const bytes = await subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Comma-separated values (RFC 4180), without the space around them. */
function rowsOf(text: string): string[][] {
  return text
    .split(/\r?\n/)
    .map((line) =>
      [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?=,|$)/g)].map(([, quoted, plain = '']) =>
        quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'),
      ),
    );
}
