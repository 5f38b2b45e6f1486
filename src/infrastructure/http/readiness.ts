import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DatabaseError } from 'pg';
import { DataSource } from 'typeorm';
import { ConnectionPool } from '../database/connection-pool.js';
import { DomainError } from '../../shared/domain-error.js';
import { withDeadline } from '../../shared/concurrency/deadline.js';
import { singleFlight } from '../../shared/concurrency/single-flight.js';
import { Lifecycle } from './lifecycle.js';

/** Milliseconds after which the database counts as out of reach. */
const DEADLINE = 1000;

/**
 * Whether this process should be sent requests. It asks the database over a connection of its own: a process whose
 * pool is busy still verifies keys from memory, and to send its requests to the others would make theirs busy too.
 */
@Injectable()
export class Readiness implements OnApplicationShutdown {
  private readonly pool: ConnectionPool;
  private readonly appliedMigrations = singleFlight(() => this.ask());

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly lifecycle: Lifecycle,
  ) {
    this.pool = new ConnectionPool({
      connectionString: (dataSource.options as { url: string }).url,
      application_name: 'upblit readiness',
      max: 1,
      connectionTimeoutMillis: DEADLINE,
      query_timeout: DEADLINE,
    });
    // It has closed the connection between two questions; the next one opens another.
    this.pool.on('error', () => undefined);
  }

  /** Throws `service_unavailable`, with the reason, unless the database answers and has all its migrations. */
  async check(): Promise<void> {
    if (this.lifecycle.isEnding) throw notReady('The service is shutting down.');
    const applied = await withDeadline(this.appliedMigrations(), DEADLINE, () =>
      notReady('The database does not answer in time.'),
    );
    const missing = this.dataSource.migrations.filter(
      ({ name, constructor }) => !applied.has(name ?? constructor.name),
    );
    if (missing.length > 0) {
      throw notReady(`The database lacks ${missing.length} migrations: run "npm run migrate".`);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }

  /** The names of the migrations that the database has. */
  private async ask(): Promise<Set<string>> {
    const { migrationsTableName = 'migrations' } = this.dataSource.options;
    try {
      const { rows } = await this.pool.query<{ name: string }>(`SELECT name FROM ${migrationsTableName}`);
      return new Set(rows.map(({ name }) => name));
    } catch (cause) {
      throw notReady(whyNot(cause), cause);
    }
  }
}

function notReady(detail: string, cause?: unknown): DomainError {
  return new DomainError('service_unavailable', detail, { retryAfter: 1, isExpected: true, cause });
}

/** SQLSTATEs. */
const NO_CONNECTION_LEFT = '53300';
const NOT_LET_IN = new Set(['28P01', '28000', '3D000']);

function whyNot(cause: unknown): string {
  const code = cause instanceof DatabaseError ? cause.code : undefined;
  if (code === NO_CONNECTION_LEFT) {
    return 'The database has no connection left: see docs/operations/database.md for their budget.';
  }
  if (code !== undefined && NOT_LET_IN.has(code))
    return `The database does not let the service in (${code}).`;
  return 'The database is out of reach.';
}
