import type { DatabaseName } from '../databases.js';
import type { WorkloadName } from '../workloads/index.js';

export interface Plant {
  /** The mistake, for people. */
  readonly about: string;
  /** Where it shows. */
  readonly workload: WorkloadName;
  /** `none`, or the fault under which it shows. */
  readonly fault: string;
  /** What the nodes have to stand on for it to show. */
  readonly cluster?: DatabaseName;
  /** Variables that make the mistake, where no code has to be changed for it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Mistakes that the checker must find. They are made by load.mjs in the nodes' processes; the service has no switch. */
export const PLANTS = {
  'lease-before-arrival': {
    about:
      'whether the lease is held is looked at when the request before on the same connection has been answered',
    workload: 'revoke',
    fault: 'node-frozen',
  },
  'lease-from-answer': {
    about: 'the lease is timed from the answer of its renewal, not from its sending',
    workload: 'revoke',
    fault: 'delayed',
  },
  'one-snapshot': {
    about: 'the changes are read in the snapshot of the transaction that renews the lease',
    workload: 'revoke',
    fault: 'half-open',
  },
  'no-waiting': {
    about: 'a change is answered without waiting for the other nodes',
    workload: 'disable',
    fault: 'delayed',
  },
  'repeated-delete-does-not-wait': {
    about: 'a DELETE of a key that is revoked is answered at once',
    workload: 'revoke',
    fault: 'delayed',
  },
  'fill-after-change': {
    about: 'a record goes into the cache although it has changed since it was read',
    workload: 'narrow',
    fault: 'delayed',
  },
  'unknown-for-good': {
    about: 'that there is no such key is remembered although one was imported',
    workload: 'import',
    fault: 'none',
  },
  'connections-in-transactions': {
    about: 'connections go back to the pool in an open transaction, and are used again',
    workload: 'delete',
    fault: 'server-frozen-13',
  },
  'notice-of-commit-ignored': {
    about: 'a COMMIT whose wait for the synchronous standby was cancelled is taken for done',
    workload: 'issue',
    fault: 'commits-cancelled',
    cluster: 'patroni',
  },
  'issued-before-commit': {
    about: 'a key is handed out before it is committed',
    workload: 'issue',
    fault: 'cut',
  },
  'repeated-call-is-done-again': {
    about: 'the Idempotency-Key is not looked at',
    workload: 'idempotency',
    fault: 'none',
  },
  'credits-without-lock': {
    about: 'a balance is read and then written, without a lock in between',
    workload: 'credits',
    fault: 'none',
  },
  'limits-per-node': {
    about: 'each node counts the limits by itself',
    workload: 'limits',
    fault: 'none',
    env: { RATE_LIMIT_STORE: 'memory' },
  },
  'expiry-by-clock-of-node': {
    about: 'whether a key has expired is judged by the clock of the node',
    workload: 'expire',
    fault: 'node-clock-set',
  },
} as const satisfies Record<string, Plant>;

export type PlantName = keyof typeof PLANTS;

/** Module that makes the mistake of CHAOS_PLANT in a node, below test/support/. */
export const PLANT_LOADER = '../chaos/plants/load.mjs';
