import { createHash } from 'node:crypto';
import { canonicalJson } from '../../shared/canonical-json.js';
import type { EventFields } from '../../shared/domain-event.js';

/** Bytes of canonical JSON up to which the audit trail has a value itself. */
const MAX_VALUE = 512;

/** Bytes of canonical JSON up to which it has all values of one side of a change themselves. */
const MAX_VALUES = 1024;

/** In the place of a value that is not kept: whoever has it can show that it was this one. */
interface Digest {
  /** Of its canonical JSON (RFC 8785), in hex. */
  readonly sha256: string;
  /** The length of that. */
  readonly bytes: number;
}

/** Bytes of a digest in canonical JSON: it never takes more room than what it stands for. */
const DIGEST = 100;

/**
 * The fields of an event as the audit trail keeps them. What people may write is large (metadata has up to 16 KiB, before
 * and after), and the trail is never deleted by itself: so large values are kept by digest, the largest first.
 *
 * A value that looks like a digest is kept by digest, too: so what looks like one is always one.
 */
export function recordedFields(fields: EventFields | null): EventFields | null {
  if (fields === null) return null;
  const values = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ name, value, json: Buffer.from(canonicalJson(value)) }))
    .sort((a, b) => b.json.length - a.json.length);
  let bytes = values.reduce((sum, { json }) => sum + json.length, 0);
  const kept = values.map(({ name, value, json }): [string, unknown] => {
    const isLarge = json.length > MAX_VALUE || (bytes > MAX_VALUES && json.length > DIGEST);
    if (!isLarge && !isDigest(value)) return [name, value];
    bytes -= json.length - DIGEST;
    return [name, digestOf(json)];
  });
  return Object.fromEntries(kept);
}

function digestOf(json: Buffer): Digest {
  return { sha256: createHash('sha256').update(json).digest('hex'), bytes: json.length };
}

function isDigest(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).sort().join() === 'bytes,sha256';
}
