import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Lifecycle } from './lifecycle.js';
import { hasGoodHost } from './node-refusals.js';
import { failureReadAhead, keep } from './read-ahead.js';
import { requestIdOf } from './request-id.js';
import { COMMON_HEADERS } from './security-headers.js';

/** A public route of JSON that is asked so often that Fastify and Nest would be most of its cost. */
export interface Shortcut {
  /** Of a `POST`: the whole URL. */
  readonly path: string;
  /**
   * What is answered with 200, or undefined when the request has to go the long way. May add names and values, in
   * turn, to the headers. What it throws is answered as the long way would answer it.
   *
   * @param body Has passed the schema of the route.
   * @param from The address of the caller; undefined when it takes more than a look at the connection to tell.
   */
  answer(
    body: unknown,
    from: string | undefined,
    headers: string[],
  ): object | undefined | Promise<object | undefined>;
}

export interface ShortcutOptions {
  lifecycle: Lifecycle;
  /** Whether the caller's address may be found in `X-Forwarded-For`. */
  trustsProxies: boolean;
  /** Is told of every answer how many milliseconds it took. */
  observe(milliseconds: number): void;
}

/** What Fastify has compiled from the schemas of the route. */
interface Compiled {
  accepts(body: unknown): boolean;
  serialize(answer: object): string;
}

/** Names and values in turn. */
const FIXED_HEADERS = Object.entries({
  ...COMMON_HEADERS,
  'content-type': 'application/json; charset=utf-8',
}).flat();

/** Bytes of a body that is read here. */
const MOST_BYTES = 16 * 1024;

/**
 * Lets plain requests for one route past Fastify's router, hooks and parsers, and past Nest. Nothing is refused here:
 * whatever is out of the ordinary, in the request or in its answer, goes the long way, and both give the same answers.
 *
 * To be called before the routes are registered.
 */
export function openShortcut(fastify: FastifyInstance, shortcut: Shortcut, options: ShortcutOptions): void {
  let compiled: Compiled | undefined;
  fastify.addHook('onRoute', (route) => {
    if (route.url !== shortcut.path || route.method !== 'POST') return;
    route.preHandler = (request, reply, done) => {
      // Fastify hands them out with a request only: the first one that goes the long way opens the short one.
      compiled ??= {
        accepts: request.getValidationFunction('body') as Compiled['accepts'],
        serialize: reply.getSerializationFunction('200') as Compiled['serialize'],
      };
      done(failureReadAhead(request.raw));
    };
  });

  const { server } = fastify;
  const [longWay] = server.listeners('request') as RequestListener[];
  if (longWay === undefined) throw new Error('The server has no request listener.');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (compiled === undefined || options.lifecycle.isClosing || !isPlain(request, shortcut.path)) {
      longWay(request, response);
    } else {
      new Passage(request, response, shortcut, compiled, options, longWay).begin();
    }
  });
}

/** Whether nothing but the body decides how the request is answered. */
function isPlain(request: IncomingMessage, path: string): boolean {
  if (request.url !== path || request.method !== 'POST' || request.httpVersion !== '1.1') return false;
  const { headers } = request;
  return (
    headers['content-type'] === 'application/json' &&
    Number(headers['content-length']) <= MOST_BYTES &&
    headers['content-encoding'] === undefined &&
    headers.expect === undefined &&
    headers.origin === undefined &&
    hasGoodHost(request)
  );
}

/** One request on the short way. */
class Passage {
  private readonly startedAt = performance.now();
  private readonly chunks: Buffer[] = [];
  private readonly headers: string[] = [];

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly shortcut: Shortcut,
    private readonly compiled: Compiled,
    private readonly options: ShortcutOptions,
    private readonly longWay: RequestListener,
  ) {}

  /** A request that is cut off has no end, and nobody waits for its answer. */
  begin(): void {
    this.request.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    this.request.on('end', () => {
      this.answer();
    });
  }

  private answer(): void {
    const bytes = this.body();
    const body = isUtf8(bytes) ? parse(bytes.toString('utf8')) : undefined;
    if (body === undefined || !this.compiled.accepts(body)) {
      this.goTheLongWay();
      return;
    }
    try {
      const answer = this.shortcut.answer(body, this.caller(), this.headers);
      if (answer instanceof Promise) void this.sendLater(answer);
      else this.send(answer);
    } catch (error) {
      this.goTheLongWay(error as Error);
    }
  }

  private body(): Buffer {
    const [first = Buffer.alloc(0)] = this.chunks;
    return this.chunks.length > 1 ? Buffer.concat(this.chunks) : first;
  }

  private caller(): string | undefined {
    const { headers, socket } = this.request;
    const isElsewhere = this.options.trustsProxies && headers['x-forwarded-for'] !== undefined;
    return isElsewhere ? undefined : socket.remoteAddress;
  }

  private async sendLater(answer: Promise<object | undefined>): Promise<void> {
    try {
      this.send(await answer);
    } catch (error) {
      this.goTheLongWay(error as Error);
    }
  }

  private send(answer: object | undefined): void {
    if (answer === undefined) {
      this.goTheLongWay();
      return;
    }
    const text = this.compiled.serialize(answer);
    this.headers.push('x-request-id', requestIdOf(this.request));
    this.headers.push(...FIXED_HEADERS);
    this.headers.push('content-length', String(Buffer.byteLength(text)));
    this.response.writeHead(200, this.headers);
    this.response.end(text);
    this.options.observe(performance.now() - this.startedAt);
  }

  private goTheLongWay(failure?: Error): void {
    keep(this.request, { body: this.body(), failure });
    this.longWay(this.request, this.response);
  }
}

/** Undefined for what is no JSON. A key named `__proto__` is a field like any other here, and in no schema. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
