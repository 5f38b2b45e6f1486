import { CLUSTER_FAULTS } from './cluster/faults.js';
import { startPatroniCluster } from './cluster/patroni-cluster.js';
import type { DatabaseUnderTest } from './database-under-test.js';
import { SERVER_FAULTS, SingleServer } from './postgres/single-server.js';

interface Database {
  /** For people. */
  about: string;
  /** What can be done to it. */
  faults: readonly string[];
  /** @param faults those that will be injected */
  start: (faults: readonly string[]) => Promise<DatabaseUnderTest>;
}

/** What the nodes can stand on. */
export const DATABASES = {
  single: {
    about: 'one PostgreSQL, which comes with the packages',
    faults: SERVER_FAULTS,
    start: (faults) => SingleServer.start(faults),
  },
  patroni: {
    about: 'three of them under Patroni, one a synchronous standby, and HAProxy; needs packages of Debian 12',
    faults: CLUSTER_FAULTS,
    start: startPatroniCluster,
  },
} as const satisfies Record<string, Database>;

export type DatabaseName = keyof typeof DATABASES;
