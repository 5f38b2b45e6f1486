import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { ConnectionPool } from './connection-pool.js';
import type { PoolerWatch } from './pooler-watch.js';

/** The connections that the repositories share, for prepared statements, which TypeORM does not know. */
export function poolOf(dataSource: DataSource): ConnectionPool {
  return (dataSource.driver as PostgresDriver).master as ConnectionPool;
}

/** What is known of a pooler behind these connections. */
export function poolerOf(dataSource: DataSource): PoolerWatch {
  return (dataSource.options as unknown as { extra: { pooler: PoolerWatch } }).extra.pooler;
}
