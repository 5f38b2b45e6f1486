import { RouteConfig } from '@nestjs/platform-fastify';

/** What a route needs of the server, where it differs from most. */
export interface RouteSettings {
  /** Bytes of a body; 64 KiB when left out. */
  bodyLimit?: number;
  /** The body is handed on as the bytes that came, which somebody has signed, and not as what they say. */
  takesBytes?: true;
  /** `false` for what is asked so often that it is counted, and not logged. */
  isLogged?: false;
  /** For what has no time to lose, and no browser shows: no headers for browsers. */
  isHot?: true;
  /** Answers plain requests past Fastify and Nest, for a public `POST` with compiled schemas. A provider. */
  fastPath?: new (...dependencies: never[]) => FastPath;
}

/** A second way to the answers of a route, for which Fastify and Nest would be most of the cost. */
export interface FastPath {
  /**
   * Returns what is answered with 200. What it throws is answered as the route would answer it.
   *
   * @param body Has passed the schema of the route.
   */
  answer(body: unknown, exchange: FastExchange): object | Promise<object>;
}

/** What a fast path has of a request and its answer besides the bodies. */
export interface FastExchange {
  /** Of the caller; a proxy that is trusted may have told it. */
  readonly address: string;
  /** What the answer carries as `X-Request-Id`. */
  readonly requestId: string;
  /** The names and values of the request's headers in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** Adds a header to the answer. */
  header(name: string, value: string): void;
}

/** Says what a route needs; the hooks of the server read it. */
export const RouteSettings = (settings: RouteSettings): MethodDecorator => RouteConfig({ settings });

/** The settings in what Fastify keeps as the configuration of a route. */
export function settingsOf(config: unknown): RouteSettings {
  return (config as { settings?: RouteSettings } | undefined)?.settings ?? {};
}
