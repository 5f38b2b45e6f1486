import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { ConnectionPool } from './connection-pool.js';
import { PoolerWatch } from './pooler-watch.js';

export interface DatabaseSettings {
  url: string;
  /** Connections of this process. */
  poolSize?: number;
  /** Milliseconds to wait for a free connection. */
  poolWaitMs?: number;
  /** Milliseconds a statement may take; 0 for as long as it must. */
  statementTimeoutMs?: number;
}

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** How this service opens PostgreSQL; the service, the migration command line and the tests share it. */
export function dataSourceOptions(settings: DatabaseSettings): PostgresOptions {
  const statementTimeoutMs = settings.statementTimeoutMs ?? 5000;
  return {
    type: 'postgres',
    url: settings.url,
    applicationName: 'upblit',
    poolSize: settings.poolSize ?? 10,
    connectTimeoutMS: settings.poolWaitMs ?? 2000,
    migrations,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    // `where: {id: undefined}` must never mean "any row".
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    installExtensions: false,
    driver: { ...pg, Pool: ConnectionPool },
    extra: {
      pooler: new PoolerWatch(),
      // Of idle transactions too: a process that freezes in the middle of one must not hold its locks.
      sessionTimeoutMs: statementTimeoutMs,
      ...(statementTimeoutMs !== 0 && {
        // The client's own clock, for a server that no longer answers at all.
        query_timeout: statementTimeoutMs + 1000,
        keepAlive: true,
      }),
    },
  };
}
