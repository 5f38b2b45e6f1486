import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../../../shared/canonical-json.js';
import { publicJwk, SIGNING_ALGORITHM, type PublicJwk } from '../../../shared/public-jwk.js';
import { isHash } from './audit-entry.js';

/** Says, signed, what a chain was up to one of its events. Whoever cuts off the tail of a chain cannot sign another. */
export interface Checkpoint {
  readonly chain: string;
  /** Of the last event that it covers, with the hash of that. */
  readonly seq: number;
  readonly hash: string;
  /** When it was signed. */
  readonly time: string;
  /** Of the one that ends an export: the event was the last of the chain at that time. */
  readonly ends?: 'export';
}

/** A checkpoint as the log has it, which takes anything that is signed for a secret. */
export function checkpointLine({ chain, seq, hash }: Omit<Checkpoint, 'time'>): string {
  return `Checkpoint of the audit trail: event ${seq} of ${chain} has the hash ${hash}`;
}

/** The checkpoints of which any text, the log for one, holds such lines. */
export function checkpointsOfLines(text: string): Omit<Checkpoint, 'time'>[] {
  return [...text.matchAll(/: event (\d{1,15}) of ([\w-]{1,64}) has the hash ([0-9a-f]{64})/g)].map(
    ([, seq, chain = '', hash = '']) => ({ chain, seq: Number(seq), hash }),
  );
}

/** Told from every other token of this service (RFC 8725, section 3.11). */
const TYPE = 'audit-checkpoint';

/** The signature of ES256 is the two numbers, one after the other (RFC 7518, section 3.4). */
const ENCODING = 'ieee-p1363';

/** Signs checkpoints as JWS in the compact form (RFC 7515, section 3.1). */
export class CheckpointSigner {
  readonly kid: string;

  constructor(private readonly key: KeyObject) {
    this.kid = publicJwk(createPublicKey(key)).kid;
  }

  sign(checkpoint: Checkpoint): string {
    const header = canonicalJson({ alg: SIGNING_ALGORITHM, kid: this.kid, typ: TYPE });
    const input = `${encode(header)}.${encode(canonicalJson(checkpoint))}`;
    const signature = sign('sha256', Buffer.from(input), { key: this.key, dsaEncoding: ENCODING });
    return `${input}.${signature.toString('base64url')}`;
  }
}

/** The public keys that checkpoints are verified with, by `kid`. */
export class CheckpointKeys {
  readonly published: readonly PublicJwk[];
  private readonly byKid: ReadonlyMap<string, KeyObject>;

  /** @param keys public or private, on P-256; named twice, one counts once */
  constructor(keys: readonly KeyObject[]) {
    const publicKeys = keys.map((key) => (key.type === 'private' ? createPublicKey(key) : key));
    this.byKid = new Map(publicKeys.map((key) => [publicJwk(key).kid, key]));
    this.published = [...this.byKid.values()].map(publicJwk);
  }

  /** The keys of a JWK set (RFC 7517, section 5) that may have signed checkpoints. Throws for what is no set. */
  static ofJwks(set: unknown): CheckpointKeys {
    const { keys } = set as { keys: unknown };
    if (!Array.isArray(keys)) throw new TypeError('This is no JWK set: it has no list of keys.');
    const usable = (keys as Record<string, unknown>[]).filter(
      ({ kty, crv }) => kty === 'EC' && crv === 'P-256',
    );
    return new CheckpointKeys(
      usable.map(({ kty, crv, x, y }) =>
        createPublicKey({ key: { kty, crv, x, y } as Record<string, string>, format: 'jwk' }),
      ),
    );
  }

  /** What was signed; null for what none of the keys has signed as a checkpoint. */
  read(jws: string): Checkpoint | null {
    const [header = '', payload = '', signature = '', ...rest] = jws.split('.');
    const said = decode(header);
    if (rest.length > 0 || said?.alg !== SIGNING_ALGORITHM || said.typ !== TYPE) return null;
    const key = typeof said.kid === 'string' ? this.byKid.get(said.kid) : undefined;
    if (key === undefined) return null;
    const input = Buffer.from(`${header}.${payload}`);
    const isGood = verify(
      'sha256',
      input,
      { key, dsaEncoding: ENCODING },
      Buffer.from(signature, 'base64url'),
    );
    return isGood ? toCheckpoint(decode(payload)) : null;
  }
}

function toCheckpoint(payload: Record<string, unknown> | null): Checkpoint | null {
  const { chain, seq, hash, time, ends } = payload ?? {};
  if (typeof chain !== 'string' || !Number.isSafeInteger(seq) || !isHash(hash) || typeof time !== 'string') {
    return null;
  }
  return { chain, seq: seq as number, hash, time, ...(ends === 'export' && { ends }) };
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function decode(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
