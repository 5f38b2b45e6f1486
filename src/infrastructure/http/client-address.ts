import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';

/**
 * Returns what finds the address of a caller, as Fastify's `request.ip` does with the same proxies: that of the
 * connection, or what the trusted proxies say in `X-Forwarded-For`.
 */
export function clientAddress(trustedProxies: string[] | undefined): (request: IncomingMessage) => string {
  if (trustedProxies === undefined) return ({ socket }) => socket.remoteAddress ?? '';
  const trusts = proxyAddr.compile(trustedProxies);
  return (request) => proxyAddr(request, trusts);
}
