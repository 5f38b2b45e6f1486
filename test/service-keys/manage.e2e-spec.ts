import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, UNKNOWN_ID } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const FORM = /^upblit_service_[0-9A-Za-z]{36}$/;

describe('the service keys of an application', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  const path = (rest = ''): string => `/applications/${applicationId}/service-keys${rest}`;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  it('are shown once, as a JSON string with a Location, and kept as a hash alone', async () => {
    const answer = await owner
      .post(path())
      .send({ name: ' orders API ', scopes: ['keys:verify', 'apikeys:read'], ipAllowlist: ['192.0.2.0/24'] })
      .expect(200)
      .expect('Content-Type', /^application\/json/)
      .expect('Cache-Control', 'no-store');
    const key = answer.body as string;
    expect(key).toMatch(FORM);
    const { body } = await owner.get(answer.headers.location!).expect(200);
    expect(body).toEqual({
      id: expect.any(String),
      applicationId,
      name: 'orders API',
      hint: `upblit_service_…${key.slice(-4)}`,
      scopes: ['keys:verify', 'apikeys:read'],
      status: 'active',
      createdAt: expect.any(String),
      createdBy: owner.userId,
      expiresAt: null,
      lastUsedAt: null,
      lastUsedFrom: null,
      leakedAt: null,
      leakedFrom: null,
      rotationDueAt: null,
      revokedAt: null,
      revokedBy: null,
      ipAllowlist: ['192.0.2.0/24'],
      secrets: [expect.objectContaining({ hint: `upblit_service_…${key.slice(-4)}` })],
    });
    const [row] = (await app.query(
      'SELECT to_jsonb(k) || to_jsonb(s) AS all FROM api_keys k, api_key_secrets s WHERE k.id = $1 AND s.api_key_id = k.id',
      [body.id],
    )) as [object];
    expect(JSON.stringify(row)).not.toContain(key.slice(15, -4));
  });

  it('are listed newest first, page by page, and apart from the keys that are handed out', async () => {
    const other = await owner.createApplication();
    const handedOut = await owner.issueKey(other);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await owner.issueServiceKey(other)).id);
    const first = await owner.get(`/applications/${other}/service-keys?limit=2`).expect(200);
    const { nextCursor } = first.body;
    const second = await owner.get(`/applications/${other}/service-keys?cursor=${nextCursor}`).expect(200);
    const found = [...first.body.data, ...second.body.data].map(({ id }: { id: string }) => id);
    expect(found).toEqual(ids);
    expect(second.body.nextCursor).toBeNull();
    const keys = await owner.get(`/apikey?ApplicationId=${other}`).expect(200);
    expect(keys.body.data).toEqual([expect.objectContaining({ id: handedOut.id })]);
    await owner.get(`/apikey?ApplicationId=${other}&cursor=${nextCursor}`).expect(400);
  });

  it('can be changed, disabled and enabled, which the others are not by it', async () => {
    const [key, other] = [
      await owner.issueServiceKey(applicationId),
      await owner.issueServiceKey(applicationId),
    ];
    const changes = {
      name: 'another',
      scopes: ['audit:read'],
      enabled: false,
      ipAllowlist: ['198.51.100.7/32'],
    };
    const { body } = await owner
      .patch(path(`/${key.id}`))
      .send(changes)
      .expect(200);
    const { enabled: _enabled, ...shown } = changes;
    expect(body).toMatchObject({ ...shown, status: 'disabled' });
    await owner
      .patch(path(`/${key.id}`))
      .send({ enabled: true })
      .expect(200);
    const [one, two] = [await owner.get(path(`/${key.id}`)), await owner.get(path(`/${other.id}`))];
    expect([one.body.status, two.body.name]).toEqual(['active', 'a machine']);
  });

  it('are rotated on their id, with an overlap', async () => {
    const key = await owner.issueServiceKey(applicationId);
    const rotated = await owner
      .post(path(`/${key.id}/rotate`))
      .send({ overlapSeconds: 60 })
      .expect(200);
    expect(rotated.body).toMatch(FORM);
    expect(rotated.headers.location).toBe(path(`/${key.id}`));
    const { body } = await owner.get(path(`/${key.id}`)).expect(200);
    expect(body.secrets).toHaveLength(2);
  });

  it('are revoked for good, again and again', async () => {
    const { id } = await owner.issueServiceKey(applicationId);
    await owner.delete(path(`/${id}`)).expect(204);
    await owner.delete(path(`/${id}`)).expect(204);
    const { body } = await owner.get(path(`/${id}`)).expect(200);
    expect(body).toMatchObject({ status: 'revoked', revokedBy: owner.userId });
    await owner
      .patch(path(`/${id}`))
      .send({ enabled: true })
      .expect(409);
    await owner.post(path(`/${id}/rotate`)).expect(409);
  });

  it('are answered again, and issued once, with an Idempotency-Key', async () => {
    const issue = () =>
      owner
        .post(path())
        .set('Idempotency-Key', '5a1f0b1e-0d4f-4f3e-9d53-1f6d3c1b2a00')
        .send({ name: 'once', scopes: ['keys:verify'] })
        .expect(200);
    const [first, second] = [await issue(), await issue()];
    expect([second.body, second.headers.location]).toEqual([first.body, first.headers.location]);
  });

  it('are no keys of the routes for keys that are handed out, and the other way round', async () => {
    const service = await owner.issueServiceKey(applicationId);
    const handedOut = await owner.issueKey(applicationId);
    for (const call of [
      owner.get(`/apikey/${service.id}`),
      owner.patch(`/apikey/${service.id}`).send({ scopes: ['anything'] }),
      owner.delete(`/apikey/${service.id}`),
      owner.post(`/apikey/${service.id}/rotate`),
      owner.post(`/apikey/${service.id}/credits`).send({ set: 1 }),
    ]) {
      expect((await call).body.code).toBe('api_key_not_found');
    }
    const { body } = await owner
      .post('/apikey/bulk-revoke')
      .send({ ids: [service.id] })
      .expect(200);
    expect(body.results).toEqual([{ id: service.id, outcome: 'not_found' }]);
    await owner.post('/apikey/bulk-revoke').send({ applicationId, filter: {} }).expect(200);
    expect((await owner.get(path(`/${service.id}`))).body.status).toBe('active');
    expect((await owner.get(path(`/${handedOut.id}`))).body.code).toBe('service_key_not_found');
    expect((await owner.delete(path(`/${handedOut.id}`))).body.code).toBe('service_key_not_found');
  });

  it('are not found in another application, also of the same owner', async () => {
    const { id } = await owner.issueServiceKey(applicationId);
    const elsewhere = `/applications/${await owner.createApplication()}/service-keys/${id}`;
    for (const call of [
      owner.get(elsewhere),
      owner.patch(elsewhere).send({ enabled: false }),
      owner.delete(elsewhere),
      owner.post(`${elsewhere}/rotate`),
    ]) {
      expect((await call).body.code).toBe('service_key_not_found');
    }
    expect((await owner.get(path(`/${id}`))).body.status).toBe('active');
  });

  it('are revoked together with their application', async () => {
    const doomed = await owner.createApplication();
    const { id } = await owner.issueServiceKey(doomed);
    await owner.delete(`/applications/${doomed}`).expect(204);
    const [row] = (await app.query('SELECT revoked_at FROM api_keys WHERE id = $1', [id])) as [
      { revoked_at: Date | null },
    ];
    expect(row.revoked_at).not.toBeNull();
  });

  it('count as active keys of the application, as it may have so many', async () => {
    const small = await TestApp.start({
      env: { MAX_ACTIVE_KEYS_PER_APPLICATION: '2' },
      database: app.database,
    });
    try {
      const client = await Client.signedIn(small);
      const id = await client.createApplication();
      await client.issueKey(id);
      await client.issueServiceKey(id);
      const body = { name: 'one too many', scopes: ['keys:verify'] };
      await client.post(`/applications/${id}/service-keys`).send(body).expect(409);
    } finally {
      await small.stop();
    }
  });

  it.each<[string, object | undefined]>([
    ['no body', undefined],
    ['no name', { scopes: ['keys:verify'] }],
    ['an empty name', { name: ' ', scopes: ['keys:verify'] }],
    ['no scopes', { name: 'x' }],
    ['none of the scopes', { name: 'x', scopes: [] }],
    ['a scope that is none', { name: 'x', scopes: ['applications:write'] }],
    ['a scope of its own', { name: 'x', scopes: ['telemetry:write'] }],
    ['a wildcard', { name: 'x', scopes: ['*'] }],
    ['a scope twice', { name: 'x', scopes: ['keys:verify', 'keys:verify'] }],
    ['scopes that are no list', { name: 'x', scopes: 'keys:verify' }],
    ['an expiry in the past', { name: 'x', scopes: ['keys:verify'], expiresAt: '2001-01-01T00:00:00Z' }],
    ['a range of all addresses', { name: 'x', scopes: ['keys:verify'], ipAllowlist: ['0.0.0.0/0'] }],
    ['a field of other keys', { name: 'x', scopes: ['keys:verify'], metadata: {} }],
    ['an environment', { name: 'x', scopes: ['keys:verify'], environment: 'live' }],
  ])('are refused with %s', async (_, body) => {
    expect((await owner.post(path()).send(body).expect(400)).body.code).toBe('validation_failed');
  });

  it.each(['name', 'scopes', 'ipAllowlist', 'enabled'])(
    'cannot be changed to no %s at all',
    async (field) => {
      const { id } = await owner.issueServiceKey(applicationId);
      await owner
        .patch(path(`/${id}`))
        .send({ [field]: null })
        .expect(400);
    },
  );

  it('have ids', async () => {
    await owner.get(path('/nonsense')).expect(400);
    expect((await owner.get(path(`/${UNKNOWN_ID}`)).expect(404)).body.code).toBe('service_key_not_found');
  });
});
