import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { holdsSecret } from '../logging/scrub.js';

const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/** Headers that hold a credential, or what a kept answer is opened with. */
const CREDENTIALS = ['authorization', 'x-api-key', 'x-service-key', 'idempotency-key', 'cookie'] as const;

/** Characters by which a credential is found in something else. */
const PIECE = 8;

/**
 * The caller's `X-Request-Id`, unless it has no decent form, looks like a secret, or is one that the same request sends
 * where secrets belong, as it is or encoded; else a new one. It is logged and answered.
 */
export function requestIdOf(message: IncomingMessage): string {
  const given = message.headers['x-request-id'];
  if (typeof given !== 'string' || !ACCEPTED.test(given)) return randomUUID();
  const spellings = spellingsOf(given);
  if (spellings.some((text) => holdsSecret(text))) return randomUUID();
  return isCredential(spellings, message) ? randomUUID() : given;
}

/** Whether this, as it is or decoded, is part of a credential that the same request sends, or holds one. */
export function repeatsCredential(id: string, message: IncomingMessage): boolean {
  return isCredential(spellingsOf(id), message);
}

/** What an id may be an encoding of, itself first. */
function spellingsOf(id: string): string[] {
  const spellings = [id];
  if (id.length >= PIECE) {
    if (/^(?:[0-9a-f]{2})+$/i.test(id)) spellings.push(Buffer.from(id, 'hex').toString('latin1'));
    if (/^[\w-]+$/.test(id)) spellings.push(Buffer.from(id, 'base64url').toString('latin1'));
  }
  return spellings;
}

function isCredential(spellings: readonly string[], { headers }: IncomingMessage): boolean {
  for (const name of CREDENTIALS) {
    const value = headers[name];
    if (typeof value !== 'string') continue;
    const lowerCase = value.toLowerCase();
    // A part of it says too much as well. Of `Basic`, which is base64, what it encodes.
    const sent = [lowerCase, ...(/^basic\s/i.test(value) ? [decodedBasic(value)] : [])];
    const words = sent.flatMap((text) => text.split(/[\s=:;,]+/)).filter((word) => word.length >= PIECE);
    for (const spelling of spellings) {
      const text = spelling.toLowerCase();
      if (text.length >= PIECE && sent.some((credential) => credential.includes(text))) return true;
      if (words.some((word) => text.includes(word))) return true;
    }
  }
  return false;
}

function decodedBasic(value: string): string {
  const [, encoded = ''] = value.split(/\s+/);
  return Buffer.from(encoded, 'base64').toString('latin1').toLowerCase();
}
