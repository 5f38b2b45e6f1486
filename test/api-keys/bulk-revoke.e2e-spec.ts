import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

describe('POST /apikey/bulk-revoke', () => {
  let app: TestApp;
  let owner: Client;
  let stranger: Client;

  beforeAll(async () => {
    app = await TestApp.start({ env: { MAX_ACTIVE_KEYS_PER_APPLICATION: '2000' } });
    owner = await Client.signedIn(app);
    stranger = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  it('revokes the keys that are named, of any applications, and says what became of each', async () => {
    const [first, second] = [await owner.createApplication(), await owner.createApplication()];
    const keys = [await owner.issueKey(first), await owner.issueKey(second), await owner.issueKey(second)];
    const foreign = await stranger.issueKey(await stranger.createApplication());
    await owner.delete(`/apikey/${keys[2]!.id}`).expect(204);
    for (const { key } of keys) await verify(app, key);
    const ids = [keys[1]!.id, UNKNOWN_ID, foreign.id, keys[2]!.id, keys[0]!.id.toUpperCase()];
    const { body } = await owner.post('/apikey/bulk-revoke').send({ ids }).expect(200);
    expect(body.results).toEqual([
      { id: keys[1]!.id, outcome: 'revoked' },
      { id: UNKNOWN_ID, outcome: 'not_found' },
      { id: foreign.id, outcome: 'forbidden' },
      { id: keys[2]!.id, outcome: 'already_revoked' },
      { id: keys[0]!.id, outcome: 'revoked' },
    ]);
    for (const { key } of keys) expect(await verify(app, key)).toEqual({ valid: false, code: 'REVOKED' });
    expect(await verify(app, foreign.key)).toMatchObject({ valid: true });
  });

  it('revokes the keys of an application that fit the filter, and no others', async () => {
    const application = await owner.createApplication();
    const chosen = await owner.issueKey(application, { externalId: 'a', tags: ['x'] });
    const others = [
      await owner.issueKey(application, { externalId: 'a' }),
      await owner.issueKey(application, { externalId: 'b', tags: ['x'] }),
    ];
    const revoke = (filter: object): Promise<{ body: { results: unknown } }> =>
      owner.post('/apikey/bulk-revoke').send({ applicationId: application, filter }).expect(200);
    const narrow = await revoke({ externalId: 'a', tag: 'x', status: 'active' });
    expect(narrow.body.results).toEqual([{ id: chosen.id, outcome: 'revoked' }]);
    expect(await verify(app, chosen.key)).toEqual({ valid: false, code: 'REVOKED' });
    for (const { key } of others) expect(await verify(app, key)).toMatchObject({ valid: true });
    const everything = await revoke({});
    expect(everything.body.results).toHaveLength(2);
    expect((await revoke({})).body.results).toEqual([]);
  });

  it('is for those who manage the keys of the application', async () => {
    const application = await owner.createApplication();
    const { key } = await owner.issueKey(application);
    const refused = await stranger
      .post('/apikey/bulk-revoke')
      .send({ applicationId: application, filter: {} });
    expect([refused.status, refused.body.code]).toEqual([403, 'not_application_owner']);
    const unknown = await owner.post('/apikey/bulk-revoke').send({ applicationId: UNKNOWN_ID, filter: {} });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'application_not_found']);
    const reader = await Client.signedIn(app, { scope: 'apikeys:read' });
    expect((await reader.post('/apikey/bulk-revoke').send({ ids: [UNKNOWN_ID] })).status).toBe(403);
    expect(await verify(app, key)).toMatchObject({ valid: true });
  });

  it('is not for those who may only read', async () => {
    const application = await owner.createApplication();
    const { id, key } = await owner.issueKey(application);
    await owner.takeIn(application, stranger, 'viewer');
    const byId = await stranger
      .post('/apikey/bulk-revoke')
      .send({ ids: [id] })
      .expect(200);
    expect(byId.body.results).toEqual([{ id, outcome: 'forbidden' }]);
    const byFilter = await stranger
      .post('/apikey/bulk-revoke')
      .send({ applicationId: application, filter: {} });
    expect([byFilter.status, byFilter.body.code]).toEqual([403, 'insufficient_role']);
    expect(await verify(app, key)).toMatchObject({ valid: true });
  });

  it('takes a thousand at once, by their ids or by a filter, and a filter’s rest with the next call', async () => {
    const application = await owner.createApplication();
    const keys = Array.from({ length: 1000 }, () => ({ sha256: randomBytes(32).toString('hex') }));
    const path = `/apikey/import?ApplicationId=${application}`;
    const imported = await owner.post(path).send({ keys }).expect(200);
    const ids = imported.body.results.map(({ id }: { id: string }) => id);
    const named = await owner.post('/apikey/bulk-revoke').send({ ids }).expect(200);
    expect(named.body.results).toEqual(ids.map((id: string) => ({ id, outcome: 'revoked' })));

    for (let i = 0; i < 2; i++) {
      const more = keys.slice(0, 501).map(() => ({ sha256: randomBytes(32).toString('hex') }));
      await owner.post(path).send({ keys: more }).expect(200);
    }
    for (const count of [1000, 2, 0]) {
      const { body } = await owner
        .post('/apikey/bulk-revoke')
        .send({ applicationId: application, filter: {} })
        .expect(200);
      expect(body.results).toHaveLength(count);
    }
  }, 60_000);

  it('reads none of what people have written into the keys, which may be megabytes', async () => {
    const application = await owner.createApplication();
    const [named, chosen] = [await owner.issueKey(application), await owner.issueKey(application)];
    const statements = new Set<string>();
    const pool = (app.nest.get(DataSource).driver as PostgresDriver).master as Pool;
    const queries = new Map<PoolClient, (...args: unknown[]) => unknown>();
    const listen = (client: PoolClient): void => {
      if (queries.has(client)) return;
      const query = Reflect.get(client, 'query') as (...args: unknown[]) => unknown;
      queries.set(client, query);
      Reflect.set(client, 'query', (...args: unknown[]) => {
        statements.add(String((args[0] as { text?: string }).text ?? args[0]));
        return Reflect.apply<PoolClient, unknown[], unknown>(query, client, args);
      });
    };
    pool.on('acquire', listen);
    try {
      await owner
        .post('/apikey/bulk-revoke')
        .send({ ids: [named.id] })
        .expect(200);
      const { body } = await owner
        .post('/apikey/bulk-revoke')
        .send({ applicationId: application, filter: {} })
        .expect(200);
      expect(body.results).toEqual([{ id: chosen.id, outcome: 'revoked' }]);
    } finally {
      pool.off('acquire', listen);
      for (const [client, query] of queries) Reflect.set(client, 'query', query);
    }
    const readings = [...statements].filter((text) => /^SELECT .*FROM "api_keys"/s.test(text));
    expect(readings).toHaveLength(2);
    expect(readings.filter((text) => text.includes('metadata'))).toEqual([]);
  });

  it.each([
    {},
    { ids: [] },
    { ids: ['x'] },
    { ids: [UNKNOWN_ID, UNKNOWN_ID] },
    { ids: Array.from({ length: 1001 }, (_, i) => UNKNOWN_ID.slice(0, -4) + String(i).padStart(4, '0')) },
    { ids: [UNKNOWN_ID], filter: {} },
    { applicationId: UNKNOWN_ID },
    { filter: {} },
    { applicationId: UNKNOWN_ID, filter: { nonsense: 1 } },
    { applicationId: UNKNOWN_ID, filter: { status: 'revoked' } },
    { applicationId: UNKNOWN_ID, filter: null },
  ])('refuses %p', async (body) => {
    const response = await owner.post('/apikey/bulk-revoke').send(body);
    expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
  });
});
