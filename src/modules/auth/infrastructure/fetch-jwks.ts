const MAX_BYTES = 256 * 1024;
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
  const set: unknown = JSON.parse(await readBounded(response.body));
  return Response.json(withoutOthers(set));
}

/** Rejects when there is more than a provider has to say. */
export async function readBounded(body: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`The answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function withoutOthers(set: unknown): unknown {
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) return set;
  if (set.keys.length > MAX_KEYS) throw new Error(`The JWK Set has more than ${MAX_KEYS} keys`);
  return { keys: set.keys.filter((key) => typeof key === 'object' && key !== null && !Array.isArray(key)) };
}
