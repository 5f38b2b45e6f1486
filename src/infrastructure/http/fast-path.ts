import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import {
  settingsOf,
  type FastExchange,
  type FastPath,
  type RouteSettings,
} from '../../shared/http/route-settings.js';
import type { Lifecycle } from './lifecycle.js';
import { hasGoodHost } from './node-refusals.js';
import { failureReadAhead, keep } from './read-ahead.js';
import { isJsonType } from './request-body.js';
import { requestIdOf } from './request-id.js';
import { endWithTheOthers } from './end-with-the-others.js';
import { COMMON_HEADERS } from './security-headers.js';
import { tooLate } from './server.js';

export interface FastPathOptions {
  lifecycle: Lifecycle;
  /** Milliseconds after which a request that is still worked on is answered 503. */
  responseTimeoutMs: number;
  /** The address of the caller, as Fastify's `request.ip` has it. */
  addressOf(request: IncomingMessage): string;
  /** The provider that a route names. */
  resolve(fastPath: NonNullable<RouteSettings['fastPath']>): FastPath;
  /** Returns what is to be told of every answer how many milliseconds it took. */
  observe(method: string, route: string, status: number): (milliseconds: number) => void;
}

/** What Fastify has compiled from the schemas of the route. */
interface Compiled {
  accepts(body: unknown): boolean;
  serialize(answer: object): string;
}

/** A route that has a fast path. */
interface FastRoute {
  fastPath: FastPath;
  observe: (milliseconds: number) => void;
  /** Fastify hands it out with a request only: the first one that takes the slow path opens the fast one. */
  compiled: Compiled | undefined;
}

/** Names and values in turn. */
const FIXED_HEADERS = Object.entries({
  ...COMMON_HEADERS,
  'content-type': 'application/json; charset=utf-8',
}).flat();

/** Bytes of a body that is read here. */
const MAX_BYTES = 16 * 1024;

/**
 * Lets plain requests for routes with a fast path past Fastify's router, hooks and parsers, and past Nest. Nothing is
 * refused here: whatever is out of the ordinary, in the request or in its answer, takes the slow path, which is Fastify,
 * and both give the same answers.
 *
 * To be called before the routes are registered.
 */
export function openFastPaths(fastify: FastifyInstance, options: FastPathOptions): void {
  /** By the whole URL of a `POST`. */
  const routes = new Map<string, FastRoute>();
  fastify.addHook('onRoute', (route) => {
    const { fastPath } = settingsOf(route.config);
    if (fastPath === undefined) return;
    const fastRoute: FastRoute = {
      fastPath: options.resolve(fastPath),
      observe: options.observe('POST', route.url, 200),
      compiled: undefined,
    };
    routes.set(route.url, fastRoute);
    route.preHandler = (request, reply, done) => {
      fastRoute.compiled ??= {
        accepts: request.getValidationFunction('body') as Compiled['accepts'],
        serialize: reply.getSerializationFunction('200') as Compiled['serialize'],
      };
      done(failureReadAhead(request.raw));
    };
  });

  const { server } = fastify;
  const [slowPath] = server.listeners('request') as RequestListener[];
  if (slowPath === undefined) throw new Error('The server has no request listener.');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const route = request.method === 'POST' ? routes.get(request.url ?? '') : undefined;
    if (route?.compiled === undefined || options.lifecycle.isClosing || !isPlain(request)) {
      slowPath(request, response);
    } else {
      new Exchange(request, response, route, route.compiled, options, slowPath).begin();
    }
  });
}

/** Whether nothing but the body decides how the request is answered. */
function isPlain(request: IncomingMessage): boolean {
  const { headers } = request;
  return (
    request.httpVersion === '1.1' &&
    isJsonType(headers['content-type']) &&
    Number(headers['content-length']) <= MAX_BYTES &&
    headers['content-encoding'] === undefined &&
    headers.expect === undefined &&
    headers.origin === undefined &&
    hasGoodHost(request)
  );
}

/** One request on the fast path, and its answer. */
class Exchange implements FastExchange {
  private readonly startedAt = performance.now();
  private readonly chunks: Buffer[] = [];
  private readonly headers: string[] = [];
  private id: string | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly route: FastRoute,
    private readonly compiled: Compiled,
    private readonly options: FastPathOptions,
    private readonly slowPath: RequestListener,
  ) {}

  get address(): string {
    return this.options.addressOf(this.request);
  }

  get requestId(): string {
    return (this.id ??= requestIdOf(this.request));
  }

  get rawHeaders(): readonly string[] {
    return this.request.rawHeaders;
  }

  header(name: string, value: string): void {
    this.headers.push(name, value);
  }

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
      this.takeSlowPath();
      return;
    }
    try {
      const answer = this.route.fastPath.answer(body, this);
      if (answer instanceof Promise) this.sendLater(answer);
      else this.send(answer);
    } catch (error) {
      this.takeSlowPath(error as Error);
    }
  }

  private body(): Buffer {
    const [first = Buffer.alloc(0)] = this.chunks;
    return this.chunks.length > 1 ? Buffer.concat(this.chunks) : first;
  }

  private sendLater(answer: Promise<object>): void {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.takeSlowPath(tooLate());
    }, this.options.responseTimeoutMs);
    const inTime = (proceed: () => void): void => {
      clearTimeout(timer);
      if (!isLate) proceed();
    };
    void answer
      .then((value) => {
        inTime(() => {
          this.send(value);
        });
      })
      .catch((error: unknown) => {
        inTime(() => {
          this.takeSlowPath(error as Error);
        });
      });
  }

  private send(answer: object): void {
    const text = this.compiled.serialize(answer);
    this.headers.push('x-request-id', this.requestId);
    this.headers.push(...FIXED_HEADERS);
    this.headers.push('content-length', String(Buffer.byteLength(text)));
    this.response.writeHead(200, this.headers);
    endWithTheOthers(this.response, text);
    this.route.observe(performance.now() - this.startedAt);
  }

  private takeSlowPath(failure?: Error): void {
    keep(this.request, { body: this.body(), failure });
    this.slowPath(this.request, this.response);
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
