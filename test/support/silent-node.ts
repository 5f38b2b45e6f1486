import { randomUUID } from 'node:crypto';
import type { TestApp } from './test-app.js';

/**
 * Enters a node that holds a lease of this length, has not applied any change, and never says anything again:
 * whoever promises that a change holds everywhere has to wait until the lease has run out.
 */
export async function addSilentNode(app: TestApp, leaseMs: number): Promise<void> {
  await app.query(
    `INSERT INTO freshness_nodes (id, renewal, applied, lease_ms, renewed_at) VALUES ($1, 1, 0, $2, now())`,
    [randomUUID(), leaseMs],
  );
}

/** Milliseconds until a call has been answered. */
export async function timeOf(call: PromiseLike<unknown>): Promise<number> {
  const start = performance.now();
  await call;
  return performance.now() - start;
}
