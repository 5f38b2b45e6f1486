import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DomainError } from '../../shared/domain-error.js';
import { Lifecycle } from './lifecycle.js';

/** Milliseconds after which the database counts as out of reach. */
const DEADLINE = 1000;

/** Whether this process should be sent requests. */
@Injectable()
export class Readiness {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly lifecycle: Lifecycle,
  ) {}

  /** Throws `service_unavailable`, with the reason, unless the database answers and has all its migrations. */
  async check(): Promise<void> {
    if (this.lifecycle.isEnding) throw notReady('The service is shutting down.');
    const missing = await this.missingMigrations();
    if (missing.length > 0) {
      throw notReady(`The database lacks ${missing.length} migrations: run "npm run migrate".`);
    }
  }

  private async missingMigrations(): Promise<string[]> {
    const { migrationsTableName = 'migrations' } = this.dataSource.options;
    const query = this.dataSource
      .query<{ name: string }[]>(`SELECT name FROM ${migrationsTableName}`)
      .catch((cause: unknown) => {
        throw notReady('The database is out of reach.', cause);
      });
    const applied = new Set((await withinDeadline(query)).map(({ name }) => name));
    return this.dataSource.migrations
      .map(({ name, constructor }) => name ?? constructor.name)
      .filter((name) => !applied.has(name));
  }
}

async function withinDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(notReady('The database does not answer in time.'));
    }, DEADLINE);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // What comes after the deadline has nobody who waits for it.
    work.catch(() => undefined);
  }
}

function notReady(detail: string, cause?: unknown): DomainError {
  return new DomainError('service_unavailable', detail, { retryAfter: 1, cause });
}
