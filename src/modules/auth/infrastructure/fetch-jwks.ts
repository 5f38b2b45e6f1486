import { readBounded } from '../../../shared/read-bounded.js';

/** More than a provider has to say. */
export const MAX_PROVIDER_BYTES = 256 * 1024;
/** All of them are looked through for each token, before anything is known to be true of it. */
const MAX_KEYS = 500;

/**
 * Fetches a JWK Set (RFC 7517, section 5) for `jose`, which sets the time-out, follows no redirect and checks the rest.
 * Reads a bounded number of bytes and keys, and leaves out what is no key: by the RFC, one bad member makes the others no worse.
 */
export async function fetchJwks(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`The JWKS URL answered ${response.status}`);
  }
  const set: unknown = JSON.parse(await readBounded(response.body, MAX_PROVIDER_BYTES));
  return Response.json(withoutOthers(set));
}

function withoutOthers(set: unknown): unknown {
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) return set;
  if (set.keys.length > MAX_KEYS) throw new Error(`The JWK Set has more than ${MAX_KEYS} keys`);
  return { keys: set.keys.filter((key) => typeof key === 'object' && key !== null && !Array.isArray(key)) };
}
