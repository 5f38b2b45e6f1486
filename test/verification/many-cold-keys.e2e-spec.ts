import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import request from 'supertest';
import { VerificationRecords } from '../../src/modules/verification/application/verification-records.js';
import { VerificationService } from '../../src/modules/verification/application/verification.service.js';
import { unissuedKey } from '../support/made-up-keys.js';
import { Client, foreignKey, verify } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';
import { TestApp } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

const LIMIT = 20;
const ADDRESS = '192.0.2.1';
const CALLER = { address: ADDRESS, requestId: 'one', keysOf: null, isAnonymous: false };

const ENV = {
  VERIFY_UNKNOWN_KEYS_PER_SECOND: String(LIMIT),
  MAX_ACTIVE_KEYS_PER_APPLICATION: '10000',
  // As long as a busy machine needs.
  DATABASE_STATEMENT_TIMEOUT_MS: '30000',
  DATABASE_POOL_WAIT_MS: '30000',
};
/** For a node whose database does not answer. */
const IMPATIENT = { ...ENV, DATABASE_STATEMENT_TIMEOUT_MS: '1000', DATABASE_POOL_WAIT_MS: '1000' };

describe('many keys at once that no node has seen yet', () => {
  let app: TestApp;
  let owner: Client;

  beforeAll(async () => {
    app = await TestApp.start({ env: ENV });
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  it('are all verified when they exist, though one address asks for a thousand of them', async () => {
    const verification = app.nest.get(VerificationService, { strict: false });
    const keys = await manyKeys();
    const verdicts = await Promise.all(keys.map(async (key) => verification.verify(key, {}, CALLER)));
    expect(verdicts).toHaveLength(1000);
    expect(new Set(verdicts.map(({ code }) => code))).toEqual(new Set(['VALID']));
  });

  it('are all verified in batches, too', async () => {
    const keys = await manyKeys();
    const batches = Array.from({ length: 10 }, (_, i) => keys.slice(i * 100, (i + 1) * 100));
    const answers = await Promise.all(
      batches.map((batch) =>
        request(app.http)
          .post('/apikey/verify/batch')
          .set(AS_SERVICE)
          .send({ keys: batch.map((key) => ({ key })) })
          .expect(200),
      ),
    );
    const verdicts = answers.flatMap(({ body }) => body.results as { code: string }[]);
    expect(verdicts).toHaveLength(1000);
    expect(new Set(verdicts.map(({ code }) => code))).toEqual(new Set(['VALID']));
  });

  it('are answered 503, and hold nobody up afterwards, when the database does not answer', async () => {
    const { key } = await owner.issueKey(await owner.createApplication());
    const node = await TestApp.start({ env: IMPATIENT, database: app.database });
    await whileDatabaseWaits(async () => {
      const answers = await Promise.all(
        Array.from({ length: 3 * LIMIT }, () =>
          request(node.http).post('/apikey/verify').set(AS_SERVICE).send({ key: unissuedKey() }),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    });
    expect(await verify(node, key)).toMatchObject({ valid: true });
    await node.stop();
  });

  it('are refused where the unknown ones that they wait for may have been imported, and not for others who ask for the same', async () => {
    const applicationId = await owner.createApplication();
    const text = foreignKey();
    await owner.importKeys(applicationId, [text]);
    // All of it happens within one second.
    const node = await TestApp.start({ env: ENV, database: app.database, clock: new FakeClock() });
    // It knows then that there are imported keys.
    await verify(node, foreignKey(), { applicationId });
    const records = node.nest.get(VerificationRecords, { strict: false });
    let flood: Promise<unknown>[] = [];
    const [ours, theirs] = await whileDatabaseWaits(() => {
      const find = async (text: string, isAnonymous: boolean): Promise<unknown> =>
        records.find({ text, applicationId }, { address: ADDRESS, requestId: 'one', isAnonymous });
      flood = Array.from({ length: LIMIT - 1 }, () => find(foreignKey(), false));
      const asked = [find(text, false), find(text, true)];
      return Promise.resolve(asked.map((answer) => answer.catch((error: unknown) => error)));
    });
    await Promise.all(flood);
    expect(await ours).toMatchObject({ code: 'too_many_requests' });
    expect(await theirs).toMatchObject({ record: { revoked: false } });
    await node.stop();
  });

  /** A thousand keys of one application, of which the service has seen the hashes only. */
  async function manyKeys(): Promise<string[]> {
    const keys = Array.from({ length: 1000 }, foreignKey);
    await owner.importKeys(await owner.createApplication(), keys);
    return keys;
  }

  /** Nobody reads a secret meanwhile. */
  async function whileDatabaseWaits<T>(work: () => Promise<T>): Promise<T> {
    const holder = new PostgresClient({ connectionString: app.database.url });
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE api_key_secrets');
      return await work();
    } finally {
      await holder.end();
    }
  }
});
