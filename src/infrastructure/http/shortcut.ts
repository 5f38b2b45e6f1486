import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { settingsOf, type FastPath, type RouteSettings } from '../../shared/http/route-settings.js';
import type { Lifecycle } from './lifecycle.js';
import { hasGoodHost } from './node-refusals.js';
import { failureReadAhead, keep } from './read-ahead.js';
import { requestIdOf } from './request-id.js';
import { COMMON_HEADERS } from './security-headers.js';

export interface ShortcutOptions {
  lifecycle: Lifecycle;
  /** Whether the caller's address may be found in `X-Forwarded-For`. */
  trustsProxies: boolean;
  /** The provider that a route names. */
  resolve(fastPath: NonNullable<RouteSettings['fastPath']>): FastPath;
  /** Gives what is to be told of every answer how many milliseconds it took. */
  observe(method: string, route: string, status: number): (milliseconds: number) => void;
}

/** What Fastify has compiled from the schemas of the route. */
interface Compiled {
  accepts(body: unknown): boolean;
  serialize(answer: object): string;
}

/** A route that may be answered past itself. */
interface Shortcut {
  fastPath: FastPath;
  observe: (milliseconds: number) => void;
  /** Fastify hands it out with a request only: the first one that goes the long way opens the short one. */
  compiled: Compiled | undefined;
}

/** Names and values in turn. */
const FIXED_HEADERS = Object.entries({
  ...COMMON_HEADERS,
  'content-type': 'application/json; charset=utf-8',
}).flat();

/** Bytes of a body that is read here. */
const MOST_BYTES = 16 * 1024;

/**
 * Lets plain requests for routes with a fast path past Fastify's router, hooks and parsers, and past Nest. Nothing is
 * refused here: whatever is out of the ordinary, in the request or in its answer, goes the long way, and both give the
 * same answers.
 *
 * To be called before the routes are registered.
 */
export function openShortcuts(fastify: FastifyInstance, options: ShortcutOptions): void {
  /** By the whole URL of a `POST`. */
  const shortcuts = new Map<string, Shortcut>();
  fastify.addHook('onRoute', (route) => {
    const { fastPath } = settingsOf(route.config);
    if (fastPath === undefined) return;
    const shortcut: Shortcut = {
      fastPath: options.resolve(fastPath),
      observe: options.observe('POST', route.url, 200),
      compiled: undefined,
    };
    shortcuts.set(route.url, shortcut);
    route.preHandler = (request, reply, done) => {
      shortcut.compiled ??= {
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
    const shortcut = request.method === 'POST' ? shortcuts.get(request.url ?? '') : undefined;
    if (shortcut?.compiled === undefined || options.lifecycle.isClosing || !isPlain(request)) {
      longWay(request, response);
    } else {
      new Passage(request, response, shortcut, shortcut.compiled, options, longWay).begin();
    }
  });
}

/** Whether nothing but the body decides how the request is answered. */
function isPlain(request: IncomingMessage): boolean {
  const { headers } = request;
  return (
    request.httpVersion === '1.1' &&
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
      const answer = this.shortcut.fastPath.answer(body, this.caller(), this.headers);
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
    this.shortcut.observe(performance.now() - this.startedAt);
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
