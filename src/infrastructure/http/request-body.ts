import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FairSemaphore } from '../../shared/concurrency/fair-semaphore.js';
import { DomainError, type ErrorCode } from '../../shared/domain-error.js';
import { parseInSlices } from '../../shared/http/parse-in-slices.js';
import { settingsOf } from '../../shared/http/route-settings.js';
import { networkOf } from '../../shared/network.js';
import { HeldBytes } from './held-bytes.js';
import { bodyReadAhead } from './read-ahead.js';
import { detailOf } from './to-domain-error.js';
import { UnreadableBody } from './unreadable-body.js';

/** Bytes of a body, where the route does not say otherwise. */
export const BODY_LIMIT = 64 * 1024;

/**
 * Bytes of a body that is too large which are read and thrown away before it is refused. A client that is cut off
 * while it sends may never see the answer.
 */
const DISCARD_LIMIT = 2 * 1024 * 1024;

/**
 * Of bodies that are larger than most may be, while the rest of them is read: nobody knows yet who sends them, and slow
 * ones on many connections would take all the memory that there is.
 */
const HELD_OF_LARGE_BODIES = { ofOne: 16 * 1024 * 1024, ofAll: 256 * 1024 * 1024 };

/**
 * Large bodies that are parsed at a time, and that wait for it: what each of them becomes takes many times its bytes, and
 * slices of many in one turn of the event loop would hold it as long as a whole one does.
 */
const PARSED_AT_ONCE = { running: 1, waiting: 32 };

/** Responses to requests that ask before they send their body (`Expect: 100-continue`). */
const askedFirst = new WeakMap<IncomingMessage, ServerResponse>();

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/**
 * Makes Fastify read every body as JSON or not at all. A body that cannot be read becomes an `UnreadableBody`,
 * because a caller without an access token must be told that first. Routes with a compiled schema are open, so
 * there the complaint is made at once.
 */
export function readBodies(fastify: FastifyInstance): void {
  const held = new HeldBytes(HELD_OF_LARGE_BODIES);
  const semaphore = new FairSemaphore(PARSED_AT_ONCE, {
    detail: 'Too many large bodies at once: try again in a moment.',
    retryAfter: 1,
  });
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  // Fastify refuses a malformed Content-Type before any parser, guard or look at whether there is a body.
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    const type = headers['content-type'];
    if (type !== undefined && !isJsonType(type)) {
      headers['content-type'] = 'application/octet-stream';
    }
    done();
  });
  fastify.addContentTypeParser('*', (request, payload, done) => {
    const { bodyLimit, schema } = request.routeOptions;
    const refuseFor = (error: DomainError): void => {
      const isOpen = schema?.body !== undefined;
      if (isOpen) done(error);
      else done(null, new UnreadableBody(error));
    };
    const refuse = (code: ErrorCode): void => {
      const detail =
        code === 'payload_too_large' ? `Send a body of at most ${bodyLimit / 1024} KiB.` : detailOf(code);
      refuseFor(new DomainError(code, detail));
    };
    const take = (body: unknown): void => {
      if (typeof body !== 'object' || body === null || Array.isArray(body)) refuse('invalid_request');
      else done(null, body);
    };
    readAll(request, payload, held, (error, bytes) => {
      if (error !== null) {
        done(error);
        return;
      }
      if (bytes === 'too large' || bytes === 'no room') {
        refuse(bytes === 'too large' ? 'payload_too_large' : 'service_unavailable');
        return;
      }
      if (bytes.length === 0) {
        done(null, undefined);
        return;
      }
      const { 'content-type': type, 'content-encoding': coding = 'identity' } = request.raw.headers;
      if (type === undefined || type === 'application/octet-stream' || coding.toLowerCase() !== 'identity') {
        refuse('unsupported_media_type');
        return;
      }
      if (settingsOf(request.routeOptions.config).takesBytes === true) {
        done(null, bytes);
        return;
      }
      if (!isUtf8(bytes)) {
        refuse('malformed_json');
        return;
      }
      if (bytes.length <= BODY_LIMIT) {
        void parseJson(request, bytes.toString('utf8'), (parseError, body: unknown) => {
          if (parseError === null) take(body);
          else refuse('malformed_json');
        });
        return;
      }
      const parse = (text: string): unknown => {
        let outcome: { parseError: Error | null; body?: unknown } | undefined;
        void parseJson(request, text, (parseError, body: unknown) => (outcome = { parseError, body }));
        if (outcome?.parseError !== null) throw new SyntaxError('This is no JSON');
        return outcome.body;
      };
      const parsing = semaphore.run({ name: networkOf(request.ip) }, () => parseInSlices(bytes, parse));
      parsing.then(take, (parseError: unknown) => {
        if (parseError instanceof DomainError) refuseFor(parseError);
        else refuse('malformed_json');
      });
    });
  });
}

export function isJsonType(contentType: string | undefined): boolean {
  return contentType === 'application/json' || (contentType !== undefined && JSON_TYPE.test(contentType));
}

/** Tells a client that sends `Expect: 100-continue` that its body is too large before it sends the body. */
export function answerExpectContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    askedFirst.set(request, response);
    server.emit('request', request, response);
  });
}

function readAll(
  request: FastifyRequest,
  payload: NodeJS.ReadableStream,
  held: HeldBytes,
  done: (error: Error | null, bytes: Buffer | 'too large' | 'no room') => void,
): void {
  const { headers } = request.raw;
  const readAhead = bodyReadAhead(request.raw);
  if (readAhead !== undefined) {
    done(null, readAhead);
    return;
  }
  const limit = request.routeOptions.bodyLimit;
  if (Number(headers['content-length']) > limit) {
    const isWorthReading = headers.expect === undefined && Number(headers['content-length']) <= DISCARD_LIMIT;
    if (!isWorthReading) {
      done(null, 'too large');
      return;
    }
  }
  askedFirst.get(request.raw)?.writeContinue();
  const chunks: Buffer[] = [];
  let length = 0;
  const holding = held.hold(networkOf(request.ip), () => {
    finish(null, false);
  });
  const release = (): void => {
    holding.release();
  };
  const finish = (error: Error | null, hasRoom = true): void => {
    payload.off('data', onData).off('end', onEnd).off('error', finish).off('close', release);
    release();
    if (hasRoom) done(error, length > limit ? 'too large' : Buffer.concat(chunks));
    else done(null, 'no room');
  };
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > limit) {
      if (length > DISCARD_LIMIT) finish(null);
    } else if (length <= BODY_LIMIT) {
      chunks.push(chunk);
    } else if (holding.take(chunk.length)) {
      chunks.push(chunk);
    } else {
      finish(null, false);
    }
  };
  const onEnd = (): void => {
    finish(null);
  };
  payload.on('data', onData).on('end', onEnd).on('error', finish).on('close', release);
}
