import { createHash, randomBytes } from 'node:crypto';
import { Client as PgClient } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/builders.js';
import { directUrlOf } from '../support/database.js';
import { EventLog } from '../support/event-log.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

/** Of one person: one that runs, ten that wait for it, and some for whom there is no room. */
const ROOM = 11;
const REFUSED = 4;

describe('imports that come at once', () => {
  let app: TestApp;
  let owner: Client;
  let holder: PgClient;
  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        DATABASE_POOL_SIZE: '3',
        // What is held up must not be given up, however busy the machine is.
        DATABASE_STATEMENT_TIMEOUT_MS: '60000',
        RESPONSE_TIMEOUT_MS: '120000',
      },
    });
    await EventLog.of(app);
    owner = await Client.signedIn(app);
    holder = new PgClient({ connectionString: directUrlOf(app.database) });
    await holder.connect();
  });
  afterAll(async () => {
    await holder.end();
    await app.stop();
  });

  it('leave connections for other calls, and those for whom there is no room are told to come again', async () => {
    const applicationId = await owner.createApplication();
    await holder.query('SELECT pg_advisory_lock($1)', [EventLog.HOLD]);
    const answers: { status: number; code: unknown; retryAfter: unknown }[] = [];
    const imports = Array.from({ length: ROOM + REFUSED }, async () => {
      const sha256 = createHash('sha256').update(randomBytes(18)).digest('hex');
      const { status, body, headers } = await owner
        .post(`/apikey/import?ApplicationId=${applicationId}`)
        .send({ keys: [{ sha256, name: 'held by the log' }] });
      answers.push({ status, code: body.code, retryAfter: headers['retry-after'] });
    });
    await eventually(() => {
      expect(answers).toHaveLength(REFUSED);
    });
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify({ status: 503, code: 'service_unavailable', retryAfter: '5' })]),
    );
    await owner.get(`/apikey?ApplicationId=${applicationId}`).expect(200);
    await owner.issueKey(await owner.createApplication());
    await holder.query('SELECT pg_advisory_unlock($1)', [EventLog.HOLD]);
    await Promise.all(imports);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(ROOM);
  });

  it('of one person, into whichever applications, leave room for those of others', async () => {
    const applications = await Promise.all(Array.from({ length: ROOM }, () => owner.createApplication()));
    const stranger = await Client.signedIn(app);
    const elsewhere = await stranger.createApplication();
    const statuses: number[] = [];
    const importInto = async (by: Client, applicationId: string): Promise<number> => {
      const sha256 = createHash('sha256').update(randomBytes(18)).digest('hex');
      const { status } = await by
        .post(`/apikey/import?ApplicationId=${applicationId}`)
        .send({ keys: [{ sha256, name: 'held by the log' }] });
      return status;
    };
    await holder.query('SELECT pg_advisory_lock($1)', [EventLog.HOLD]);
    const imports = [...applications, applications[0]!].map(async (applicationId) => {
      statuses.push(await importInto(owner, applicationId));
    });
    // There is no room for one of them, so all others are there.
    await eventually(() => {
      expect(statuses).toEqual([503]);
    });
    const theirs = importInto(stranger, elsewhere);
    await holder.query('SELECT pg_advisory_unlock($1)', [EventLog.HOLD]);
    expect(await theirs).toBe(200);
    await Promise.all(imports);
    expect(statuses.filter((status) => status === 200)).toHaveLength(ROOM);
  });
});
