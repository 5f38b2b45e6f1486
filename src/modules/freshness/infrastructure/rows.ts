import type { NodeRow } from '../domain/node-watch.js';

/**
 * Every registered node, as JSON, for a statement that reads it in one snapshot with other things. JSON also makes
 * numbers of PostgreSQL's bigints; ours are microseconds since 1970, exact until the year 2255.
 */
export const SELECT_NODES = `
  SELECT coalesce(json_agg(json_build_object('id', id, 'renewal', renewal, 'applied', applied, 'leaseMs', lease_ms)), '[]')
    FROM freshness_nodes`;

/** The kind of the row in the feed by whose id a transaction knows its own change; no node keeps anything of it. */
export const PROOF = 'proof';

export interface SnapshotRow {
  last: number;
  nodes: NodeRow[];
}
