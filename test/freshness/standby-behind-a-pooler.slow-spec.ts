import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { DatabaseClock } from '../../src/infrastructure/database/database-clock.js';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { Metrics } from '../../src/infrastructure/metrics/metrics.js';
import { toDomainError } from '../../src/infrastructure/http/to-domain-error.js';
import { KeyHasher } from '../../src/modules/api-keys/index.js';
import { KeyFormat } from '../../src/modules/api-keys/domain/key-format.js';
import { PostgresVerificationRecordStore } from '../../src/modules/verification/infrastructure/postgres-verification-record-store.js';
import { SystemClock } from '../../src/shared/clock.js';
import { PostgresServer } from '../chaos/postgres/postgres-server.js';
import { throwAwayDirectory } from '../support/throw-away.js';
import { insertServiceKey } from '../support/service-key.js';

jest.setTimeout(180_000);

/** A pooler may lead a connection to a standby long after it has been opened, and looked at. */
describe('A standby that is asked for a key it does not know', () => {
  let directory: string;
  let server: PostgresServer;
  let url: string;

  beforeAll(async () => {
    directory = await throwAwayDirectory('upblit-standby-');
    server = await PostgresServer.create(join(directory, 'server'));
    url = server.url('postgres');
    await server.start();
    await migrate(url);
    await insertServiceKey(url);
    await server.stop();
    await server.startAsStandby();
  });
  afterAll(async () => {
    await server.remove();
    await rm(directory, { recursive: true, force: true });
  });

  it('is not believed that there is none, though it has no standbys of its own', async () => {
    const pool = new Pool({ connectionString: url });
    // The server is stopped while a connection to it may still be closing.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    // This is the case of a pool that takes the server for the primary.
    const dataSource = { driver: { master: pool } } as unknown as DataSource;
    const hasher = new KeyHasher([{ version: 1, key: Buffer.alloc(32, 1) }]);
    const store = new PostgresVerificationRecordStore(
      dataSource,
      hasher,
      new DatabaseClock(new SystemClock()),
      new Metrics(),
    );
    const refusal: unknown = await store
      .load([new KeyFormat().generate('live', hasher.tags)], 0)
      .catch((error: unknown) => error);
    expect(toDomainError(refusal).code).toBe('service_unavailable');
    await pool.end();
  });
});
