import type { IncomingMessage } from 'node:http';
import { DomainError } from '../../../shared/domain-error.js';

const BEARER_KEY = /^Bearer +(upblit_\S*)$/i;
const LOOKS_LIKE_A_KEY = /upblit_(?:live|test)_/i;
const NAMES_OF_KEYS = new Set(['key', 'apikey', 'api_key', 'api-key', 'x-api-key', 'access_token', 'token']);

/**
 * The key of a request that a gateway asks about: `x-api-key`, or `Authorization: Bearer upblit_…`. An Authorization
 * header that holds anything else is the upstream's business. Null when there is none.
 *
 * Throws `multiple_credentials` for two at once. It reads the raw headers, because Node joins a second `x-api-key`
 * to the first and drops a second Authorization in silence.
 */
export function readPresentedKey(message: IncomingMessage): string | null {
  const found: string[] = [];
  let authorizations = 0;
  const raw = message.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]?.toLowerCase();
    const value = raw[i + 1] ?? '';
    if (name === 'x-api-key') found.push(value);
    else if (name === 'authorization') {
      authorizations++;
      const key = BEARER_KEY.exec(value.trim())?.[1];
      if (key !== undefined) found.push(key);
    }
  }
  if (found.length > 1 || authorizations > 1) {
    throw new DomainError('multiple_credentials', 'Send one key, once: in x-api-key or in Authorization.');
  }
  return found[0] ?? null;
}

/** Throws `key_in_query`: what stands in a URL ends in logs and histories. */
export function refuseKeyInQuery(query: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(query)) {
    if (NAMES_OF_KEYS.has(name.toLowerCase()) || LOOKS_LIKE_A_KEY.test(`${name} ${String(value)}`)) {
      throw new DomainError(
        'key_in_query',
        'Send the key in the x-api-key header, never in the URL; if it is real, revoke it: URLs are logged.',
      );
    }
  }
}
