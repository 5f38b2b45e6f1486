import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { holdsSecret } from '../logging/scrub.js';

const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's `X-Request-Id`, unless it has no decent form or is a secret in the wrong header; else a new one. */
export function requestIdOf(message: IncomingMessage): string {
  const given = message.headers['x-request-id'];
  if (typeof given === 'string' && ACCEPTED.test(given) && !holdsSecret(given)) return given;
  return randomUUID();
}
