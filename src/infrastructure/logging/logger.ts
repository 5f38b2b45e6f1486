import { pino, type DestinationStream, type Logger } from 'pino';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Env } from '../../config/env.js';
import { describeError } from './describe-error.js';
import { prettyLines } from './pretty.js';
import { printableJson } from './printable.js';
import { REDACTED, scrub, scrubKeysOf, scrubUrl } from './scrub.js';

/** Fields that are blanked wherever an object with them is logged. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'key',
  'pepper',
  'secret',
];

/**
 * The process's log: one JSON object a line, on stdout. Secrets are kept out three times: objects are logged by
 * the fields that serializers name, fields with telling names are blanked, and every line is searched for keys
 * and tokens before it is written.
 */
export function createLogger(env: Env, stream: DestinationStream = defaultStream(env)): Logger {
  scrubKeysOf([env.API_KEY_PREFIX, ...(env.API_KEY_PREVIOUS_PREFIXES ?? [])]);
  return pino(
    {
      level: env.LOG_LEVEL,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => ['', '*', '*.*'].map((path) => `${path}["${field}"]`)),
        censor: REDACTED,
      },
      serializers: {
        err: (error: unknown) => describeError(error),
        req: (request: FastifyRequest) => ({ method: request.method, url: scrubUrl(request.url) }),
        res: (reply: FastifyReply) => ({ statusCode: reply.statusCode }),
      },
      hooks: { streamWrite: (line) => printableJson(scrub(line)) },
    },
    stream,
  );
}

/** A person at a terminal reads lines of text; everybody else gets JSON. */
function defaultStream(env: Env): DestinationStream {
  const isForPeople = process.stdout.isTTY && env.NODE_ENV !== 'production';
  return isForPeople ? prettyLines(process.stdout) : pino.destination({ fd: 1, sync: true });
}
