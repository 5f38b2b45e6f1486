import { Client as PgClient } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/builders.js';
import { directUrlOf } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

/** Two that run, and twenty that wait for them. */
const ROOM = 22;

describe('readings of the usage of applications that come at once', () => {
  let app: TestApp;
  let owner: Client;
  let stranger: Client;
  let holder: PgClient;
  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        DATABASE_POOL_SIZE: '4',
        // Nothing else asks for what is held up.
        USAGE_FLUSH_MS: '3600000',
        // What is held up must not be given up, however busy the machine is.
        DATABASE_STATEMENT_TIMEOUT_MS: '60000',
        RESPONSE_TIMEOUT_MS: '120000',
      },
    });
    owner = await Client.signedIn(app);
    stranger = await Client.signedIn(app);
    holder = new PgClient({ connectionString: directUrlOf(app.database) });
    await holder.connect();
  });
  afterAll(async () => {
    await holder.end();
    await app.stop();
  });

  it('of one person leave connections for other calls, and room for the readings of others', async () => {
    const applications = await Promise.all(Array.from({ length: ROOM }, () => owner.createApplication()));
    const elsewhere = await stranger.createApplication();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE usage_hours');
    const answers: { status: number; code: unknown; retryAfter: unknown }[] = [];
    const refused = { status: 503, code: 'service_unavailable', retryAfter: '5' };
    const readings = [...applications, applications[0]!].map(async (id) => {
      const { status, body, headers } = await owner.get(`/applications/${id}/usage`);
      answers.push({ status, code: body.code, retryAfter: headers['retry-after'] });
    });
    // There is no room for one of them, so all others are there.
    await eventually(() => {
      expect(answers).toEqual([refused]);
    });
    // Each of those that run has one connection.
    await eventually(async () => {
      const { rows } = await holder.query(
        `SELECT count(*)::int AS waiting FROM pg_locks
          WHERE relation = 'usage_hours'::regclass AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      expect(rows).toEqual([{ waiting: 2 }]);
    });
    await stranger.get(`/applications/${elsewhere}`).expect(200);
    await stranger.issueKey(elsewhere);
    const theirs = stranger.get(`/applications/${elsewhere}/usage`).then(({ status }) => status);
    // Another one of the many has made room.
    await eventually(() => {
      expect(answers).toEqual([refused, refused]);
    });
    await holder.query('COMMIT');
    expect(await theirs).toBe(200);
    await Promise.all(readings);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(ROOM - 1);
  });
});
