import type { FastifyReply, FastifyRequest } from 'fastify';
import { isIP } from 'node:net';

/** The paths that the cookie is sent to, and no other. */
export const BROWSER_SESSION_PATH = 'auth/browser';

/** As long as a login lasts at most: the service, not the browser, ends it. */
const MAX_AGE_SECONDS = 30 * 24 * 3600;

/**
 * Keeps a refresh token where no script of a page can read it, and no other site can have it sent (RFC 6265bis,
 * sections 4.1.2 and 5.7). Over plain HTTP a browser keeps `Secure` cookies of loopback addresses or not, depending
 * on the browser, so there, and nowhere else, the cookie goes without.
 */
export function keepRefreshToken(request: FastifyRequest, reply: FastifyReply, refreshToken: string): void {
  setCookie(request, reply, refreshToken, MAX_AGE_SECONDS);
}

export function forgetRefreshToken(request: FastifyRequest, reply: FastifyReply): void {
  setCookie(request, reply, '', 0);
}

/** The refresh token that the browser has kept; undefined when there is none. */
export function keptRefreshToken(request: FastifyRequest): string | undefined {
  const start = `${nameOf(request)}=`;
  return request.headers.cookie
    ?.split(/; */)
    .find((pair) => pair.startsWith(start))
    ?.slice(start.length);
}

function setCookie(request: FastifyRequest, reply: FastifyReply, value: string, maxAge: number): void {
  const attributes = [`Path=/${BROWSER_SESSION_PATH}`, `Max-Age=${maxAge}`, 'HttpOnly', 'SameSite=Strict'];
  if (!isLoopback(request)) attributes.push('Secure');
  reply.header('set-cookie', [`${nameOf(request)}=${value}`, ...attributes].join('; '));
}

/** A browser takes a cookie with this prefix from HTTPS alone: whoever can answer for HTTP cannot plant one. */
function nameOf(request: FastifyRequest): string {
  return isLoopback(request) ? 'upblit_session' : '__Secure-upblit_session';
}

/** Whether the browser asks its own machine, by the address that it was told to ask. */
function isLoopback(request: FastifyRequest): boolean {
  const host = request.hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost') || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
