import type { FastifyReply, FastifyRequest } from 'fastify';
import { isIP } from 'node:net';

/** The paths of the calls that read the cookie, and no others do. */
export const BROWSER_SESSION_PATH = 'auth/browser';

/** As long as a login lasts at most: the service, not the browser, ends it. */
const MAX_AGE_SECONDS = 30 * 24 * 3600;

/**
 * A cookie that no script of a page can read, and no other site can have sent (RFC 6265bis, sections 4.1.2 and 5.7). Over
 * plain HTTP a browser keeps `Secure` cookies of loopback addresses or not, depending on the browser, so there, and nowhere
 * else, the cookie goes without.
 */
export class BrowserCookie {
  constructor(
    private readonly name: string,
    private readonly maxAgeSeconds: number,
  ) {}

  keep(request: FastifyRequest, reply: FastifyReply, value: string): void {
    this.set(request, reply, value, this.maxAgeSeconds);
  }

  forget(request: FastifyRequest, reply: FastifyReply): void {
    this.set(request, reply, '', 0);
  }

  /**
   * What the browser has kept; undefined when there is nothing. Of two, one is not ours, and nothing tells which: then
   * there is none either.
   */
  read(request: FastifyRequest): string | undefined {
    const start = `${this.nameFor(request)}=`;
    const [kept, ...others] = (request.headers.cookie ?? '')
      .split(/; */)
      .filter((pair) => pair.startsWith(start));
    return others.length > 0 ? undefined : kept?.slice(start.length);
  }

  private set(request: FastifyRequest, reply: FastifyReply, value: string, maxAge: number): void {
    // On loopback the other ports get the cookie as well: there it is kept to its paths.
    const path = isLoopback(request) ? `/${BROWSER_SESSION_PATH}` : '/';
    const attributes = [`Path=${path}`, `Max-Age=${maxAge}`, 'HttpOnly', 'SameSite=Strict'];
    if (!isLoopback(request)) attributes.push('Secure');
    reply.header('set-cookie', [`${this.nameFor(request)}=${value}`, ...attributes].join('; '));
  }

  /**
   * A browser takes a cookie with this prefix over HTTPS from this very host alone: neither whoever can answer for HTTP
   * nor another host of the same domain can plant one (RFC 6265bis, section 4.1.3.2). It asks for `Path=/` in return.
   */
  private nameFor(request: FastifyRequest): string {
    return isLoopback(request) ? this.name : `__Host-${this.name}`;
  }
}

const refreshTokenCookie = new BrowserCookie('upblit_session', MAX_AGE_SECONDS);

export function keepRefreshToken(request: FastifyRequest, reply: FastifyReply, refreshToken: string): void {
  refreshTokenCookie.keep(request, reply, refreshToken);
}

export function forgetRefreshToken(request: FastifyRequest, reply: FastifyReply): void {
  refreshTokenCookie.forget(request, reply);
}

/** The refresh token that the browser has kept; undefined when there is none. */
export function keptRefreshToken(request: FastifyRequest): string | undefined {
  return refreshTokenCookie.read(request);
}

/** Whether the browser asks its own machine, by the address that it was told to ask. */
function isLoopback(request: FastifyRequest): boolean {
  const host = request.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost') || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
