import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import request from 'supertest';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { unissuedKey } from '../support/made-up-keys.js';
import { Client, foreignKey, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

const LIMIT = 20;

describe('verification from memory', () => {
  let app: TestApp;
  let other: TestApp;
  let owner: Client;
  let applicationId: string;
  /** How many hashes each look-up was for. */
  let lookUps: number[] = [];

  beforeAll(async () => {
    const env = {
      // So long that a busy machine does not let it lapse in the middle of a test.
      VERIFY_LEASE_MS: '10000',
      VERIFY_UNKNOWN_KEYS_PER_SECOND: String(LIMIT),
      USAGE_FLUSH_MS: '50',
      TRUST_PROXY: '127.0.0.1',
    };
    app = await TestApp.start({ env });
    other = await TestApp.start({ env, database: app.database });
    for (const node of [app, other]) {
      // The service key is looked up once, too.
      await ask(node, '');
      countLookUps(node, (hashes) => lookUps.push(hashes));
    }
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(async () => {
    await other.stop();
    await app.stop();
  });
  beforeEach(() => {
    lookUps = [];
  });

  it('asks the database once for a thousand first verifications of one key at once, on each node', async () => {
    const { key } = await owner.issueKey(applicationId);
    for (const node of [app, other]) {
      const verdicts = await Promise.all(Array.from({ length: 1000 }, () => ask(node, key)));
      expect(verdicts.every((verdict) => verdict.valid)).toBe(true);
      expect(lookUps).toEqual([1]);
      await ask(node, key);
      expect(lookUps).toEqual([1]);
      lookUps = [];
    }
  });

  it('asks once for an unknown key too, and again when it is no longer sure', async () => {
    const key = unissuedKey();
    for (let i = 0; i < 5; i++) expect(await ask(app, key)).toEqual({ valid: false, code: 'NOT_FOUND' });
    expect(lookUps).toHaveLength(1);
  });

  it('refuses a batch whose answer would be larger than 1 MiB, and counts nothing of it', async () => {
    const { key } = await owner.issueKey(applicationId, {
      metadata: { note: 'x'.repeat(16_000) },
      credits: { remaining: 100 },
    });
    const batch = (length: number): request.Test =>
      request(app.http)
        .post('/apikey/verify/batch')
        .set(AS_SERVICE)
        .send({ keys: Array.from({ length }, () => ({ key })) });
    const { status, body } = await batch(100);
    expect([status, body.code, body.detail]).toEqual([
      413,
      'payload_too_large',
      'Ask for fewer keys at once: with their metadata the answer would be larger than 1 MiB.',
    ]);
    const answer = await batch(50).expect(200);
    expect(answer.text.length).toBeLessThan(1024 * 1024);
    expect((await ask(app, key)).credits).toEqual({ remaining: 49 });
  });

  it('asks nothing for what cannot be a key', async () => {
    for (const key of ['', 'nonsense', 'x'.repeat(1000)]) await ask(app, key);
    expect(lookUps).toEqual([]);
  });

  it('bounds the unknown keys of one network that may have been imported, and keeps answering the known ones and the others', async () => {
    await owner.importKeys(applicationId, [foreignKey()]);
    const { key } = await owner.issueKey(applicationId);
    await ask(app, key);
    // It knows then that there are imported keys.
    await ask(app, foreignKey());
    const send = (from: string, text: string): request.Test =>
      request(app.http)
        .post('/apikey/verify')
        .set(AS_SERVICE)
        .set('X-Forwarded-For', from)
        .send({ key: text });
    lookUps = [];
    const started = performance.now();
    // Whoever has one IPv6 address has those beside it.
    const answers = await Promise.all(
      Array.from({ length: 5 * LIMIT }, (_, i) => send(`2001:db8::${(i + 1).toString(16)}`, foreignKey())),
    );
    const seconds = Math.ceil((performance.now() - started) / 1000) + 1;
    // Keys, of which a query may look for several.
    const lookedFor = lookUps.reduce((sum, keys) => sum + keys, 0);
    expect(lookedFor).toBeLessThanOrEqual(LIMIT * seconds);
    const refused = answers.filter((answer) => answer.status !== 200);
    expect(refused.length).toBe(answers.length - lookedFor);
    for (const { status, body, headers } of refused) {
      expect([status, body.code, headers['retry-after']]).toEqual([429, 'too_many_requests', '1']);
    }
    lookUps = [];
    expect((await send('2001:db8::1', key).expect(200)).body).toMatchObject({ valid: true });
    expect(lookUps).toEqual([]);
    expect((await send('2001:db8:0:1::1', foreignKey())).status).toBe(200);
  });

  describe('on every node, the moment it is answered, holds', () => {
    async function warm(body: object = {}): Promise<{ id: string; key: string }> {
      const issued = await owner.issueKey(applicationId, body);
      for (const node of [app, other]) expect(await ask(node, issued.key)).toMatchObject({ valid: true });
      return issued;
    }

    async function onBoth(key: string, more: object = {}): Promise<unknown[]> {
      return Promise.all([app, other].map(async (node) => (await ask(node, key, more)).code));
    }

    it('revocation, also when it is repeated', async () => {
      for (let round = 0; round < 10; round++) {
        const { id, key } = await warm();
        await Promise.all([
          owner.delete(`/apikey/${id}`).expect(204),
          owner.delete(`/apikey/${id}`).expect(204),
        ]);
        expect(await onBoth(key)).toEqual(['REVOKED', 'REVOKED']);
      }
    });

    it('disabling, and enabling again', async () => {
      const { id, key } = await warm();
      await owner.patch(`/apikey/${id}`).send({ enabled: false }).expect(200);
      expect(await onBoth(key)).toEqual(['DISABLED', 'DISABLED']);
      await owner.patch(`/apikey/${id}`).send({ enabled: true }).expect(200);
      expect(await onBoth(key)).toEqual(['VALID', 'VALID']);
    });

    it('narrower scopes, other addresses and a shorter life', async () => {
      const { id, key } = await warm({ scopes: ['a', 'b'] });
      await owner
        .patch(`/apikey/${id}`)
        .send({ scopes: ['b'] })
        .expect(200);
      expect(await onBoth(key, { scopes: ['a'] })).toEqual(Array(2).fill('INSUFFICIENT_PERMISSIONS'));
      await owner
        .patch(`/apikey/${id}`)
        .send({ ipAllowlist: ['192.0.2.0/24'] })
        .expect(200);
      expect(await onBoth(key)).toEqual(['FORBIDDEN', 'FORBIDDEN']);
      const expiresAt = new Date(Date.now() + 300).toISOString();
      await owner.patch(`/apikey/${id}`).send({ expiresAt }).expect(200);
      await eventually(async () => {
        expect(await onBoth(key)).toEqual(['EXPIRED', 'EXPIRED']);
      });
    });

    it('the end of a secret, by rotation and by itself', async () => {
      const { id, key } = await warm();
      const second = await owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 60 }).expect(200);
      expect(await onBoth(key)).toEqual(['VALID', 'VALID']);
      const { secretId } = await ask(other, key);
      await owner.delete(`/apikey/${id}/secrets/${String(secretId)}`).expect(204);
      expect(await onBoth(key)).toEqual(['REVOKED', 'REVOKED']);
      expect(await onBoth(second.body as string)).toEqual(['VALID', 'VALID']);
      await owner.post(`/apikey/${id}/rotate`).expect(200);
      expect(await onBoth(second.body as string)).toEqual(['REVOKED', 'REVOKED']);
    });

    it('the end of an application', async () => {
      const doomed = await owner.createApplication();
      const { key } = await owner.issueKey(doomed);
      expect(await onBoth(key)).toEqual(['VALID', 'VALID']);
      await owner.delete(`/applications/${doomed}`).expect(204);
      expect(await onBoth(key)).toEqual(['REVOKED', 'REVOKED']);
    });

    it('what an operator does by hand, within a lease', async () => {
      const { id, key } = await warm();
      await app.query('UPDATE api_keys SET enabled = false WHERE id = $1', [id]);
      await eventually(async () => {
        expect(await onBoth(key)).toEqual(['DISABLED', 'DISABLED']);
      });
    });
  });

  it('notes when a key was last used, by any node, and never that it was refused', async () => {
    const { id, key } = await owner.issueKey(applicationId, { scopes: ['a'] });
    await ask(other, key, { scopes: ['b'] });
    expect((await owner.get(`/apikey/${id}`)).body.lastUsedAt).toBeNull();
    const before = Date.now();
    await ask(other, key);
    await eventually(async () => {
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      expect(Date.parse(body.lastUsedAt as string)).toBeGreaterThanOrEqual(before - 5);
    });
  });

  it('loses no use of a key in a clean shutdown', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    const slow = await TestApp.start({ database: app.database, env: { USAGE_FLUSH_MS: '3600000' } });
    await ask(slow, key);
    await slow.stop();
    const { body } = await owner.get(`/apikey/${id}`).expect(200);
    expect(body.lastUsedAt).not.toBeNull();
  });

  it('asks every time with VERIFY_CACHE_ENTRIES=0', async () => {
    const uncached = await TestApp.start({ database: app.database, env: { VERIFY_CACHE_ENTRIES: '0' } });
    countLookUps(uncached, (hashes) => lookUps.push(hashes));
    try {
      const { key } = await owner.issueKey(applicationId);
      for (let i = 0; i < 3; i++) expect(await ask(uncached, key)).toMatchObject({ valid: true });
      // The service key and the key.
      expect(lookUps).toHaveLength(6);
    } finally {
      await uncached.stop();
    }
  });

  describe('POST /apikey/verify/batch', () => {
    it('answers in order, each by its own request, with one query for all that are cold', async () => {
      const keys = [];
      for (let i = 0; i < 4; i++) keys.push(await owner.issueKey(applicationId, { scopes: ['a'] }));
      const [first, second, third, fourth] = keys.map(({ key }) => key);
      await ask(app, first!);
      await owner.delete(`/apikey/${keys[2]!.id}`).expect(204);
      lookUps = [];
      const batch = [
        { key: second, scopes: ['a'] },
        { key: 'nonsense' },
        { key: first },
        { key: third },
        { key: fourth, scopes: ['b'] },
        { key: unissuedKey() },
        { key: second, applicationId: await owner.createApplication() },
      ];
      const response = await request(app.http)
        .post('/apikey/verify/batch')
        .set(AS_SERVICE)
        .send({ keys: batch })
        .expect(200);
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.body.results.map(({ code }: { code: string }) => code)).toEqual([
        'VALID',
        'NOT_FOUND',
        'VALID',
        'REVOKED',
        'INSUFFICIENT_PERMISSIONS',
        'NOT_FOUND',
        'NOT_FOUND',
      ]);
      expect(response.body.results[0]).toEqual(await verify(app, second!));
      expect(lookUps).toEqual([4]);
    });

    it.each([
      {},
      { keys: [] },
      { keys: 'a' },
      { keys: [{}] },
      { keys: ['a'] },
      { keys: Array.from({ length: 101 }, () => ({ key: 'a' })) },
      { keys: [{ key: 'a', nonsense: 1 }] },
    ])('refuses %p', async (body) => {
      const response = await request(app.http).post('/apikey/verify/batch').set(AS_SERVICE).send(body);
      expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
    });
  });
});

async function ask(node: TestApp, key: string, more: object = {}): Promise<Record<string, unknown>> {
  return verify(node, key, more);
}

/** Tells of each look-up of keys that a node makes, and for how many hashes. */
function countLookUps(node: TestApp, tell: (hashes: number) => void): void {
  const pool = (node.nest.get(DataSource).driver as PostgresDriver).master as Pool;
  const query = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  pool.query = ((...args: unknown[]) => {
    const [config] = args as [{ name?: string; values?: unknown[] }];
    if (config.name === 'verification_record_by_hash') tell(1);
    // The last one fills a short list up.
    if (config.name === 'verification_records_by_hash') tell(new Set(config.values?.[0] as Buffer[]).size);
    if (config.name === 'untagged_verification_records') tell((config.values?.[0] as Buffer[]).length);
    return query(...args);
  }) as typeof pool.query;
}
