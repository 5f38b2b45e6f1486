/** Milliseconds for the whole answer. */
const TIMEOUT = 3000;
const MAX_BYTES = 256 * 1024;

/** Reads a JWK Set (RFC 7517, section 5). Throws when there is no answer in time, or one that is not a set. */
export async function fetchJwks(url: URL): Promise<unknown[]> {
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    // The configuration names one place to ask, and that one only.
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Error(`The JWKS URL answered ${response.status}`);
  }
  const set: unknown = JSON.parse(await readBounded(response.body));
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) {
    throw new Error('The JWKS URL answered something that is not a JWK Set');
  }
  return set.keys as unknown[];
}

async function readBounded(body: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error(`The JWK Set is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
