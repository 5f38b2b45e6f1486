import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import request from 'supertest';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { KeyHasher } from '../../src/modules/api-keys/domain/key-hasher.js';
import { KeyFormat } from '../../src/modules/api-keys/domain/key-format.js';
import { Metrics } from '../../src/infrastructure/metrics/metrics.js';
import { Client, foreignKey, verify } from '../support/builders.js';
import { forgedKey, unissuedKey } from '../support/made-up-keys.js';
import { AS_GATEWAY, AS_SERVICE, TEST_PEPPER } from '../support/service-key.js';
import { TestApp } from '../support/test-app.js';
import { postVerify } from '../support/verify-post.js';

const LIMIT = 5;
const NOT_FOUND = { valid: false, code: 'NOT_FOUND' };

/** So long that a busy machine does not let the lease lapse in the middle of a test. */
const ENV = { VERIFY_LEASE_MS: '10000', VERIFY_UNKNOWN_KEYS_PER_SECOND: String(LIMIT) };

describe('junk', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let asked: LookUps;

  beforeAll(async () => {
    app = await TestApp.start({ env: ENV });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
    // The service key is in memory then, and that there are no keys without a tag.
    await verify(app, forgedKey());
    asked = watchLookUps(app);
  });
  afterAll(() => app.stop());
  beforeEach(() => {
    asked.names.length = 0;
  });

  it('that somebody makes up is never looked up, wherever it is presented, and remembered nowhere', async () => {
    for (const key of [forgedKey(), forgedKey('test'), forgedKey('service'), foreignKey()]) {
      const body = JSON.stringify({ key });
      for (const path of ['slow', 'fast'] as const) {
        expect(JSON.parse((await postVerify(app.port, { body, path })).body)).toEqual(NOT_FOUND);
      }
      await request(app.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', key).expect(401);
      await request(app.http).get('/apikey/self').set('x-api-key', key).expect(401);
      const batch = await request(app.http)
        .post('/apikey/verify/batch')
        .set(AS_SERVICE)
        .send({ keys: [{ key }, { key }, { key, applicationId }] })
        .expect(200);
      expect(batch.body.results).toEqual([NOT_FOUND, NOT_FOUND, NOT_FOUND]);
      // As the credential of a machine.
      const as = { Authorization: `Bearer ${key}` };
      await request(app.http).post('/apikey/verify').set(as).send({ key }).expect(401);
      await request(app.http).get('/applications').set(as).expect(401);
    }
    expect(asked.names).toEqual([]);
    expect(await sampleOf(app, 'upblit_verification_cache_entries{kind="unknown"}')).toBe(0);
  });

  it('never has a good key refused that is not in memory, though it comes through the same backend', async () => {
    const keys = await Promise.all(Array.from({ length: 4 * LIMIT }, () => owner.issueKey(applicationId)));
    const junk = Array.from({ length: 20 * LIMIT }, (_, i) => (i % 2 === 0 ? forgedKey() : foreignKey()));
    const verdicts = await Promise.all(
      [...junk, ...keys.map(({ key }) => key)].map((key) => verify(app, key)),
    );
    expect(verdicts.slice(0, junk.length)).toEqual(junk.map(() => NOT_FOUND));
    expect(new Set(verdicts.slice(junk.length).map(({ code }) => code))).toEqual(new Set(['VALID']));
  });

  it('with a good tag, of a key that was deleted, is looked up once, and keeps none from its turn', async () => {
    const key = unissuedKey();
    for (let i = 0; i < 3; i += 1) expect(await verify(app, key)).toEqual(NOT_FOUND);
    expect(asked.names).toEqual(['verification_record_by_hash']);
    const many = await Promise.all(Array.from({ length: 4 * LIMIT }, () => verify(app, unissuedKey())));
    expect(new Set(many.map(({ code }) => code))).toEqual(new Set(['NOT_FOUND']));
  });

  it('costs nothing while the database is not asked anything else: without a cache, too', async () => {
    const uncached = await TestApp.start({
      env: { ...ENV, VERIFY_CACHE_ENTRIES: '0' },
      database: app.database,
    });
    try {
      await verify(uncached, forgedKey());
      const lookUps = watchLookUps(uncached);
      expect(await verify(uncached, forgedKey())).toEqual(NOT_FOUND);
      // Of the service key.
      expect(lookUps.names).toEqual(['verification_record_by_hash']);
    } finally {
      await uncached.stop();
    }
  });

  describe('where there are keys without a tag', () => {
    /** What others have imported is in the table, too. */
    let importing: string;
    let imported: string;
    beforeAll(async () => {
      importing = await owner.createApplication();
      imported = foreignKey();
      await owner.importKeys(importing, [imported]);
      await verify(app, imported);
    });

    it('is looked up in their applications alone', async () => {
      expect(await verify(app, foreignKey(), { applicationId })).toEqual(NOT_FOUND);
      expect(await verify(app, forgedKey(), { applicationId: importing })).toEqual(NOT_FOUND);
      expect(asked.names).toEqual([]);
      expect(await verify(app, foreignKey(), { applicationId: importing })).toEqual(NOT_FOUND);
      expect(asked.names).toEqual(['untagged_verification_records']);
    });

    it('is not looked up as the credential of a machine, which nobody can import', async () => {
      for (const path of ['/apikey/verify', '/apikey/verify/batch']) {
        const as = { Authorization: `Bearer ${foreignKey()}` };
        const body = path.endsWith('batch') ? { keys: [{ key: 'a' }] } : { key: 'a' };
        await request(app.http).post(path).set(as).send(body).expect(401);
      }
      await request(app.http)
        .get('/apikey/verify')
        .set({ 'X-Service-Key': imported, 'x-api-key': 'a' })
        .expect(401);
      expect(asked.names).toEqual([]);
    });

    it('as which one of several keys may be meant is not read, however many they are', async () => {
      const text = foreignKey();
      for (let i = 0; i < 3; i += 1) await owner.importKeys(await owner.createApplication(), [text]);
      asked.found = 0;
      expect(await verify(app, text)).toEqual(NOT_FOUND);
      expect(asked.found).toBe(0);
      expect(await verify(app, text, { applicationId: importing })).toEqual(NOT_FOUND);
      expect(asked.found).toBe(0);
      await owner.importKeys(importing, [text]);
      expect(await verify(app, text, { applicationId: importing })).toMatchObject({ valid: true });
      expect(asked.found).toBe(1);
    });

    it('is bounded for each application, takes one connection, and keeps other applications and tagged keys from nothing', async () => {
      const [another, third] = [await owner.createApplication(), await owner.createApplication()];
      const text = foreignKey();
      for (const application of [another, third]) await owner.importKeys(application, [text]);
      await verify(app, foreignKey());
      const ask = (key: string, application: string): request.Test =>
        request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key, applicationId: application });
      asked.atOnce.clear();
      const flood = Array.from({ length: 20 * LIMIT }, (_, i) =>
        ask(foreignKey(), i % 2 === 0 ? importing : third),
      );
      const good = await owner.issueKey(importing);
      const [theirs, ours, ...junk] = await Promise.all([
        ask(text, another),
        ask(good.key, importing),
        ...flood,
      ]);
      expect([theirs.body.code, ours.body.code]).toEqual(['VALID', 'VALID']);
      const refused = junk.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]!.body.code).toBe('too_many_requests');
      expect(refused[0]!.headers['retry-after']).toBe('1');
      expect(asked.atOnce.get('untagged_verification_records')).toBe(1);
    });

    it('that shows no service key spends nothing of the application that it names', async () => {
      const open = await TestApp.start({
        env: { ...ENV, VERIFY_ANONYMOUS: 'true' },
        database: app.database,
      });
      try {
        const ask = (key: string): request.Test =>
          request(open.http).post('/apikey/verify').send({ key, applicationId: importing });
        const junk = await Promise.all(Array.from({ length: 20 * LIMIT }, () => ask(foreignKey())));
        expect(junk.some(({ status }) => status === 429)).toBe(true);
        expect(await verify(open, imported, { applicationId: importing })).toMatchObject({ valid: true });
      } finally {
        await open.stop();
      }
    });
  });

  it('cannot be told from a key whose pepper was dropped: it is found where its hash has moved to another', async () => {
    const { key } = await owner.issueKey(applicationId);
    const next = { version: 2, key: Buffer.alloc(32, 9) };
    const [before, after] = [TEST_PEPPER, next].map(
      (pepper) => new KeyHasher([pepper]).hash(new KeyFormat().parse(key)!).bytes,
    );
    await app.query('UPDATE api_key_secrets SET hash = $1, pepper_version = 2 WHERE hash = $2', [
      after,
      before,
    ]);
    const node = await TestApp.start({
      env: { ...ENV, API_KEY_PEPPERS: `2=${next.key.toString('base64url')}` },
      database: app.database,
    });
    try {
      const client = new Client(node, owner.caller);
      const service = await client.issueServiceKey(applicationId);
      const { body } = await request(node.http)
        .post('/apikey/verify')
        .set('Authorization', `Bearer ${service.key}`)
        .send({ key })
        .expect(200);
      expect(body).toMatchObject({ valid: true });
      expect(await sampleOf(node, 'upblit_verification_database_keys_total{lane="untagged"}')).toBe(1);
    } finally {
      await node.stop();
    }
  });

  it('cannot be told from a key that is older than tags: those are found, and looked for once there are some', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await verify(app, forgedKey());
    expect(asked.names.filter((name) => name !== 'keys_without_tag')).toEqual([]);
    // As a node of the version before inserts it.
    const older = forgedKey();
    const { bytes } = new KeyHasher([TEST_PEPPER]).hash(new KeyFormat().parse(older)!);
    await app.query(
      `INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, hint, created_at)
       VALUES (gen_random_uuid(), $1, $2, 1, 'older', now())`,
      [id, bytes],
    );
    const node = await TestApp.start({ env: ENV, database: app.database });
    try {
      expect(await verify(node, older)).toMatchObject({ valid: true, keyId: id });
      expect(await verify(node, key)).toMatchObject({ valid: true, keyId: id });
      expect(await verify(node, forgedKey())).toEqual(NOT_FOUND);
      expect(await sampleOf(node, 'upblit_verification_database_keys_total{lane="untagged"}')).toBe(2);
      // The number that it took tells those who knew that there were none.
      await owner.patch(`/apikey/${id}`).send({ name: 'propagated' }).expect(200);
      expect(await verify(app, older)).toMatchObject({ valid: true, keyId: id });
    } finally {
      await node.stop();
    }
  });
});

interface LookUps {
  /** Of the statements that look for keys, or ask what keys there are. */
  readonly names: string[];
  /** How many of each were under way at once, at most. */
  readonly atOnce: Map<string, number>;
  /** Records that they have returned. */
  found: number;
}

function watchLookUps(node: TestApp): LookUps {
  const lookUps: LookUps = { names: [], atOnce: new Map(), found: 0 };
  const running = new Map<string, number>();
  const count = (name: string, more: number): void => {
    const now = (running.get(name) ?? 0) + more;
    running.set(name, now);
    lookUps.atOnce.set(name, Math.max(now, lookUps.atOnce.get(name) ?? 0));
  };
  const pool = (node.nest.get(DataSource).driver as PostgresDriver).master as Pool;
  const query = pool.query.bind(pool) as (
    ...args: unknown[]
  ) => Promise<{ rows: { found?: object | null }[] }>;
  pool.query = (async (...args: unknown[]) => {
    const [{ name }] = args as [{ name?: string }];
    if (name === undefined || !/verification_record|keys_without_tag/.test(name)) return query(...args);
    lookUps.names.push(name);
    count(name, 1);
    try {
      const result = await query(...args);
      lookUps.found += result.rows.filter(({ found }) => typeof found === 'object' && found !== null).length;
      return result;
    } finally {
      count(name, -1);
    }
  }) as typeof pool.query;
  return lookUps;
}

async function sampleOf(node: TestApp, sample: string): Promise<number> {
  const text = await node.nest.get(Metrics, { strict: false }).render();
  const line = text.split('\n').find((one) => one.startsWith(sample));
  return Number(line?.slice(sample.length));
}
