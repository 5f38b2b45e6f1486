/** What the trail proves of itself, in this browser. */
export interface ChainVerdict {
  events: number;
  /** The last event that a signed checkpoint covers. */
  sealed: { seq: number; time: string } | undefined;
  /** Where it is not as it was written; undefined when all is well. */
  fault: string | undefined;
}

interface Entry {
  seq: number;
  hash: string;
  previous: string | null;
}

interface Checkpoint {
  chain: string;
  seq: number;
  hash: string;
  time: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Follows an export line by line, as `npm run audit:verify` does: each event has the hash of the one before and its own,
 * and what was signed names hashes that are here. Throws TypeError on a page without the browser's cryptography, which is
 * for pages that came over HTTPS.
 */
export async function verifyChain(
  chain: string,
  lines: readonly string[],
  jwks: { keys: JsonWebKey[] },
): Promise<ChainVerdict> {
  const verdict: ChainVerdict = { events: 0, sealed: undefined, fault: undefined };
  const hashes = new Map<number, string>();
  let last: Entry | undefined;
  for (const line of lines) {
    const read = JSON.parse(line) as Partial<Entry> & { checkpoint?: string; end?: string };
    const jws = read.checkpoint ?? read.end;
    if (jws !== undefined) {
      const checkpoint = await readCheckpoint(jws, jwks);
      if (checkpoint?.chain !== chain)
        return { ...verdict, fault: 'A checkpoint is not signed by this service, or is of another trail.' };
      const { seq, hash, time } = checkpoint;
      // One that covers what was deleted stands before the first event.
      if (hashes.size > 0 && hashes.get(seq) !== hash)
        return { ...verdict, fault: `Event ${seq} is not the one that was signed.` };
      verdict.sealed = { seq, time };
      continue;
    }
    const entry = read as Entry;
    const gap = last !== undefined && (entry.seq !== last.seq + 1 || entry.previous !== last.hash);
    if (gap || (await hashOf(line, entry)) !== entry.hash)
      return { ...verdict, fault: `Event ${entry.seq} is not as it was written.` };
    hashes.set(entry.seq, entry.hash);
    last = entry;
    verdict.events += 1;
  }
  return verdict;
}

/** Of the line without the hash itself, which stands between two other fields of the entry. */
function hashOf(line: string, { hash }: Entry): Promise<string> {
  const field = `,"hash":"${hash}","previous":`;
  const at = line.lastIndexOf(field);
  return sha256(`${line.slice(0, at)},"previous":${line.slice(at + field.length)}`);
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Undefined for what none of the keys has signed. */
async function readCheckpoint(jws: string, jwks: { keys: JsonWebKey[] }): Promise<Checkpoint | undefined> {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const { kid, typ } = parse(header) as { kid?: string; typ?: string };
  const jwk = jwks.keys.find((key) => (key as { kid?: string }).kid === kid);
  if (jwk === undefined || typ !== 'audit-checkpoint') return undefined;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const { kty = '', crv = '', x = '', y = '' } = jwk;
  const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, algorithm, false, ['verify']);
  const input = encoder.encode(`${header}.${payload}`);
  const isGood = await crypto.subtle.verify(algorithm, key, bytesOf(signature), input);
  return isGood ? (parse(payload) as Checkpoint) : undefined;
}

function parse(part: string): unknown {
  return JSON.parse(decoder.decode(bytesOf(part)));
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
