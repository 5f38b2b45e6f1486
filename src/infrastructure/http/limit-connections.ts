import proxyAddr from '@fastify/proxy-addr';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Env } from '../../config/env.js';
import { networkOf } from '../../shared/network.js';

/**
 * Closes the connections of an address that are more than it may have at once. A proxy that is trusted has those of
 * many clients, and is let be. To be called before the server listens.
 */
export function limitConnections(
  server: Server,
  { MAX_CONNECTIONS_PER_ADDRESS: max, TRUST_PROXY }: Pick<Env, 'MAX_CONNECTIONS_PER_ADDRESS' | 'TRUST_PROXY'>,
): void {
  const isTrusted = proxyAddr.compile(TRUST_PROXY ?? []);
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address } = socket;
    // It has been closed already.
    if (address === undefined || isTrusted(address, 0)) return;
    const network = networkOf(address);
    const others = open.get(network) ?? 0;
    if (others >= max) {
      socket.destroy();
      return;
    }
    open.set(network, others + 1);
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1;
      if (left === 0) open.delete(network);
      else open.set(network, left);
    });
  });
}
