import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

describe('applications', () => {
  let app: TestApp;
  let owner: Client;
  let stranger: Client;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    stranger = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  it('are created for the caller, in production unless said otherwise', async () => {
    const response = await owner.post('/applications').send({ name: '  checkout ' }).expect(201);
    expect(response.headers.location).toBe(`/applications/${response.body.id}`);
    expect(response.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      name: 'checkout',
      description: null,
      environment: 'production',
      scopes: null,
      ownerId: owner.userId,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: response.body.createdAt,
    });
    const read = await owner.get(response.headers.location!).expect(200);
    expect(read.body).toEqual(response.body);
  });

  it('are listed to their owner only, newest first, in pages', async () => {
    const somebody = await Client.signedIn(app);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift(await somebody.createApplication());
    const first = await somebody.get('/applications?limit=2').expect(200);
    const rest = await somebody.get(`/applications?limit=2&cursor=${first.body.nextCursor}`).expect(200);
    const seen = [...first.body.data, ...rest.body.data].map((application: { id: string }) => application.id);
    expect(seen).toEqual(ids);
    expect(rest.body.nextCursor).toBeNull();
  });

  it('change in what is named, and only in that', async () => {
    const id = await owner.createApplication({ name: 'a', description: 'b', environment: 'staging' });
    const renamed = await owner.patch(`/applications/${id}`).send({ name: 'c' }).expect(200);
    expect(renamed.body).toMatchObject({ name: 'c', description: 'b', environment: 'staging' });
    const cleared = await owner.patch(`/applications/${id}`).send({ description: null }).expect(200);
    expect(cleared.body).toMatchObject({ name: 'c', description: null });
  });

  it('keep both of two changes made at once', async () => {
    const id = await owner.createApplication();
    const responses = await Promise.all([
      owner.patch(`/applications/${id}`).send({ name: 'one' }),
      owner.patch(`/applications/${id}`).send({ description: 'two' }),
    ]);
    expect(responses.map((response) => response.status)).toEqual([200, 200]);
    const { body } = await owner.get(`/applications/${id}`).expect(200);
    expect(body).toMatchObject({ name: 'one', description: 'two' });
  });

  it('take all their keys with them, and nobody else’s', async () => {
    const [gone, stays] = [await owner.createApplication(), await owner.createApplication()];
    const { id, key } = await owner.issueKey(gone);
    const other = await owner.issueKey(stays);
    await owner.delete(`/applications/${gone}`).expect(204, '');
    expect(await verify(app, key)).toEqual({ valid: false, code: 'REVOKED' });
    expect(await verify(app, other.key)).toMatchObject({ valid: true });
    const answers = await Promise.all([
      owner.get(`/applications/${gone}`),
      owner.patch(`/applications/${gone}`).send({ name: 'x' }),
      owner.delete(`/applications/${gone}`),
      owner.get(`/apikey?ApplicationId=${gone}`),
    ]);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      answers.map(() => [404, 'application_not_found']),
    );
    const keyAnswers = await Promise.all([owner.get(`/apikey/${id}`), owner.delete(`/apikey/${id}`)]);
    expect(keyAnswers.map(({ status, body }) => [status, body.code])).toEqual(
      keyAnswers.map(() => [404, 'api_key_not_found']),
    );
    const { body } = await owner.get('/applications?limit=100').expect(200);
    expect(body.data.map((application: { id: string }) => application.id)).not.toContain(gone);
  });

  it('leave no key behind that was issued while they were deleted', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await owner.createApplication();
      const [, ...issued] = await Promise.all([
        owner.delete(`/applications/${id}`).expect(204),
        ...Array.from({ length: 4 }, () => owner.post(`/apikey?ApplicationId=${id}`)),
      ]);
      for (const response of issued) {
        expect([200, 404]).toContain(response.status);
        if (response.status === 200) {
          expect(await verify(app, response.body as string)).toEqual({ valid: false, code: 'REVOKED' });
        }
      }
    }
  });

  it.each([
    ['no name', {}],
    ['an empty name', { name: ' ' }],
    ['a name of 101 characters', { name: 'x'.repeat(101) }],
    ['a name that is no text', { name: 7 }],
    ['another environment', { name: 'a', environment: 'live' }],
    ['a description of 1001 characters', { name: 'a', description: 'x'.repeat(1001) }],
    ['an id', { name: 'a', id: UNKNOWN_ID }],
    ['an owner', { name: 'a', ownerId: UNKNOWN_ID }],
    ['a NUL in the name', { name: 'a\0' }],
  ])('are not created with %s', async (_, body) => {
    const response = await owner.post('/applications').send(body);
    expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
  });

  it('count 100 characters as people do, not as UTF-16 does', async () => {
    await owner
      .post('/applications')
      .send({ name: '🔑'.repeat(100) })
      .expect(201);
    await owner
      .post('/applications')
      .send({ name: '🔑'.repeat(101) })
      .expect(400);
  });

  describe.each([
    ['GET', 'applications:read', undefined],
    ['PATCH', 'applications:write', { name: 'x' }],
    ['DELETE', 'applications:write', undefined],
  ] as const)('%s /applications/{id}', (method, scope, body) => {
    const call = (client: Client, id: string): request.Test => {
      const path = `/applications/${id}`;
      if (method === 'GET') return client.get(path);
      return method === 'PATCH' ? client.patch(path).send(body) : client.delete(path);
    };

    it('refuses somebody else with 403 and changes nothing', async () => {
      const id = await owner.createApplication({ name: 'mine' });
      const response = await call(stranger, id);
      expect([response.status, response.body.code]).toEqual([403, 'not_application_owner']);
      expect((await owner.get(`/applications/${id}`)).body.name).toBe('mine');
    });

    it('refuses a token without the scope, also of the owner', async () => {
      const id = await owner.createApplication();
      const limited = await Client.signedIn(app, { scope: 'apikeys:read apikeys:write audit:read' });
      const response = await call(limited, id);
      expect([response.status, response.body.code]).toEqual([403, 'insufficient_scope']);
      expect(response.headers['www-authenticate']).toBe(
        `Bearer error="insufficient_scope", scope="${scope}"`,
      );
    });

    it('answers 404 for an unknown id and 400 for a malformed one', async () => {
      const unknown = await call(owner, UNKNOWN_ID);
      expect([unknown.status, unknown.body.code]).toEqual([404, 'application_not_found']);
      const malformed = await call(owner, 'nonsense');
      expect([malformed.status, malformed.body.code]).toEqual([400, 'validation_failed']);
    });
  });
});
