import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { AppliedChanges } from '../application/applied-changes.js';
import { FencedReads } from '../application/fenced-reads.js';
import { Freshness } from '../application/freshness.js';
import { FreshnessNode } from '../application/freshness-node.js';
import { Housekeeping } from '../application/housekeeping.js';
import type { FreshnessLog } from '../application/ports.js';
import { Propagation } from '../application/propagation.js';
import { Lease } from '../domain/lease.js';
import { NodeWatch } from '../domain/node-watch.js';
import { PostgresFeed } from './postgres-feed.js';
import { PostgresNodeTable } from './postgres-node-table.js';
import { systemNodeClock } from './system-node-clock.js';

export interface FreshnessOptions {
  /** Where this node opens its own connection. */
  url: string;
  /** The pool of the requests, for everything but the lease. */
  pool: Pool;
  leaseMs: number;
  staleMs: number;
  /** Milliseconds that a read of the database waits for a lease. */
  waitMs: number;
  log: FreshnessLog;
}

/** Puts one node together, on PostgreSQL and the clocks of this machine. */
export function createFreshness({ url, pool, leaseMs, staleMs, waitMs, log }: FreshnessOptions): Freshness {
  const clock = systemNodeClock;
  const watch = new NodeWatch();
  const applied = new AppliedChanges();
  const table = new PostgresNodeTable(pool);
  const feed = new PostgresFeed({
    url,
    leaseMs,
    log,
    notify: async (channel, payload) => {
      await pool.query('SELECT pg_notify($1, $2)', [channel, payload]);
    },
  });
  const lease = new Lease(leaseMs, clock);
  const node = new FreshnessNode({ id: randomUUID(), staleMs }, { feed, lease, applied, watch, clock, log });
  return new Freshness({
    feed,
    applied,
    node,
    reads: new FencedReads({ node, applied, clock, waitMs }),
    propagation: new Propagation(table, watch, clock, applied, node),
    housekeeping: new Housekeeping(table, watch, clock),
  });
}
