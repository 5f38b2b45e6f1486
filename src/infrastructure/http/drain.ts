import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Lifecycle } from './lifecycle.js';

/** Milliseconds in which a connection that is kept may still send a request: it is answered, and ended. */
const IDLE_GRACE = 1000;
const POLL = 20;

/**
 * Takes no new connections and waits for the requests that are running, at most `timeoutMs`. Returns whether all
 * of them have finished.
 *
 * `server.close()` would not do: it ends idle connections at once, with the request that a client may just be
 * sending on one of them. Here an idle connection is told with its next answer, or ended when it has no request
 * for a while.
 */
export async function drain(server: Server, lifecycle: Lifecycle, timeoutMs: number): Promise<boolean> {
  const startedAt = performance.now();
  // Connections that are established but not yet accepted would be lost.
  await nextTurn();
  // Not http.Server's own close(), for the reason above.
  NetServer.prototype.close.call(server);
  lifecycle.isClosing = true;
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
