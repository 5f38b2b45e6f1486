import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Milliseconds in which a kept connection may still send a request; it is answered, and then closed. */
const IDLE_GRACE = 1000;
const POLL = 20;

/**
 * Takes no new connections and waits for the requests that are running, at most `timeoutMs`. Answers whether all
 * of them have finished.
 *
 * `server.close()` would not do: it closes idle connections at once, with the request that a client may just be
 * sending on one of them. Whoever is kept instead is told `Connection: close` with their next answer.
 */
export async function drain(server: Server, timeoutMs: number): Promise<boolean> {
  const startedAt = performance.now();
  // Connections that are established but not yet accepted would be cut off.
  await nextTurn();
  // Not http.Server's own close(), for the reason above.
  NetServer.prototype.close.call(server);
  const countConnections = promisify(server.getConnections.bind(server));
  while ((await countConnections()) > 0) {
    const elapsed = performance.now() - startedAt;
    if (elapsed > timeoutMs) {
      server.closeAllConnections();
      return false;
    }
    if (elapsed > IDLE_GRACE) server.closeIdleConnections();
    await sleep(POLL);
  }
  return true;
}
