import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyRequest } from 'fastify';

/** The one set of headers of all answers but those of the verification, which no browser shows. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = record(
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        // Swagger UI carries its styles in the page. Scripts come from files alone.
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    },
    xFrameOptions: { action: 'deny' },
  }),
);

/** Those of the dashboard: everything comes from files of this service, and no text becomes a script. */
export const dashboardHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join(';'),
  'permissions-policy': 'clipboard-read=(), clipboard-write=(self), camera=(), geolocation=(), microphone=()',
};

/** What every answer has beside its request's id, the verification's too. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  // What may be cached says so itself.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

export function commonHeaders(request: FastifyRequest): Record<string, string> {
  return { 'x-request-id': request.id, ...COMMON_HEADERS };
}

/** Helmet's headers never differ from answer to answer, so it is asked once. */
function record(middleware: ReturnType<typeof helmet>): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  middleware({} as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  return headers;
}
