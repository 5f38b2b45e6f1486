import type { FastifyReply } from 'fastify';
import type { PlaintextKey } from '../domain/plaintext-key.js';

/** The one answer that holds a key. A handler that returns a string would answer text/plain otherwise. */
export function shownOnce(reply: FastifyReply, location: string, plaintext: PlaintextKey): string {
  reply
    .header('Location', location)
    .header('Content-Type', 'application/json')
    .header('Cache-Control', 'no-store');
  return JSON.stringify(plaintext.reveal());
}
