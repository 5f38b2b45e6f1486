import type { NodeRow } from '../domain/node-watch.js';

/** Rows of changes worth reading, and keeping: a node that missed more forgets its cache instead. */
export const MAX_CHANGES = 5000;

/**
 * Every registered node with its last renewal, as JSON, for a statement that reads it in one snapshot with other
 * things. JSON also makes numbers of PostgreSQL's bigints; the table keeps them where JavaScript's are exact.
 */
export const SELECT_NODES = `
  SELECT coalesce(json_agg(json_build_object('id', id, 'renewal', renewal, 'applied', applied, 'leaseMs', lease_ms)), '[]')
    FROM freshness_nodes
   CROSS JOIN LATERAL (SELECT renewal, applied FROM freshness_renewals WHERE node = id
                        ORDER BY renewal DESC LIMIT 1) AS last_renewal`;

/** The kind of the row in the feed by whose id a transaction knows its own change; no node keeps anything of it. */
export const PROOF = 'proof';

export interface SnapshotRow {
  last: number;
  nodes: NodeRow[];
}
