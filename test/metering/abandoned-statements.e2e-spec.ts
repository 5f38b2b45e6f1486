import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as PgClient } from 'pg';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const CONNECTIONS = 6;

describe('statements of rate limits that nobody waits for any more', () => {
  let app: TestApp;
  let owner: Client;
  let keys: CreatedKey[];
  let blocker: PgClient;

  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        RATE_LIMIT_STORE: 'postgres',
        DATABASE_POOL_SIZE: String(CONNECTIONS),
        RATE_LIMIT_TIMEOUT_MS: '100',
      },
    });
    owner = await Client.signedIn(app);
    const application = await owner.createApplication();
    const rateLimits = [{ name: 'a', limit: 1000, windowSeconds: 60 }];
    keys = await Promise.all(Array.from({ length: 8 }, () => owner.issueKey(application, { rateLimits })));
    for (const { key } of keys) expect(await verify(app, key)).toMatchObject({ valid: true });
    blocker = new PgClient({ connectionString: app.database.url });
    await blocker.connect();
  });
  afterAll(async () => {
    await blocker.end();
    await app.stop();
  });

  it('leave connections to everybody else, however long they hang', async () => {
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE rate_limit_hits IN ACCESS EXCLUSIVE MODE');
    for (let round = 0; round < 10; round++) {
      const verdicts = await Promise.all(keys.map(({ key }) => verify(app, key)));
      expect(verdicts.map(({ code }) => code)).toEqual(keys.map(() => 'VALID'));
      await owner.get(`/apikey/${keys[0]!.id}`).expect(200);
    }
    const { rows } = await blocker.query<{ hanging: number }>(
      `SELECT count(*)::integer AS hanging FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE '%take_rate_limits%' AND wait_event_type = 'Lock'`,
    );
    expect(rows[0]!.hanging).toBeGreaterThan(0);
    expect(rows[0]!.hanging).toBeLessThanOrEqual(CONNECTIONS / 2);
    await blocker.query('ROLLBACK');
    const response = await owner.patch(`/apikey/${keys[0]!.id}`).send({ enabled: false });
    expect(response.status).toBe(200);
  });
});
