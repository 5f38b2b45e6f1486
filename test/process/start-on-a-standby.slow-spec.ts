import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StandbyRefused } from '../../src/infrastructure/database/connection-errors.js';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { PostgresServer } from '../chaos/postgres/postgres-server.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY } from '../support/test-app.js';
import { throwAwayDirectory } from '../support/throw-away.js';

/** A start is half a second of work, which a machine that runs other tests beside may draw out. */
jest.setTimeout(180_000);

describe('A start that is led to a standby', () => {
  let directory: string;
  let server: PostgresServer;
  let url: string;

  beforeAll(async () => {
    directory = await throwAwayDirectory('upblit-standby-');
    server = await PostgresServer.create(join(directory, 'server'));
    url = server.url('postgres');
    // A standby refuses settings that are less than those its primary had: these have to be the primary's first.
    await server.start();
  });

  beforeEach(async () => {
    await server.stop();
    await server.startAsStandby();
  });

  afterAll(async () => {
    await server.remove();
    await rm(directory, { recursive: true, force: true });
  });

  // In this order: the first one migrates.
  it.each([
    ['migrates', 'true'],
    ['serves', 'false'],
  ])('%s once it is the primary, and says in one line what it waits for', async (_, MIGRATE_ON_START) => {
    const service = ServiceProcess.launch(
      {
        DATABASE_URL: url,
        MIGRATE_ON_START,
        API_KEY_PEPPERS: TEST_PEPPERS,
        JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      },
      directory,
    );
    try {
      await eventually(() => {
        expect(service.output).toContain('Waiting up to 60 s for the primary of the database');
      }, 60_000);
      await server.promote();
      await service.ready();
      await eventually(async () => {
        expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
      });
      expect(service.output.match(/Waiting up to|Unable to connect/g)).toHaveLength(1);
    } finally {
      await service.stop();
    }
  });

  it('fails with one sentence when it has waited for as long as it may', async () => {
    const said: string[] = [];
    const log = (message: string): void => {
      said.push(message);
    };
    const error = await migrate(url, { primaryWaitMs: 1000, log }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StandbyRefused);
    expect(said).toEqual([
      'Waiting up to 1 s for the primary of the database: The database is a standby: this service needs the primary.',
    ]);
  });
});
