import { randomUUID } from 'node:crypto';
import type { TestApp } from './test-app.js';

/**
 * Enters a node that holds a lease of this length, has not applied any change, and never says anything again:
 * whoever promises that a change holds everywhere has to wait until the lease has run out.
 */
export async function addSilentNode(app: TestApp, leaseMs: number): Promise<void> {
  await app.query(
    `WITH node AS (INSERT INTO freshness_nodes (id, lease_ms) VALUES ($1, $2) RETURNING id)
     INSERT INTO freshness_renewals (node, renewal, applied, renewed_at) SELECT id, 1, 0, now() FROM node`,
    [randomUUID(), leaseMs],
  );
}

/** Milliseconds until a call has been answered. */
export async function timeOf(call: PromiseLike<unknown>): Promise<number> {
  const start = performance.now();
  await call;
  return performance.now() - start;
}
