import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { forgeToken } from '../support/access-token.js';
import { Client } from '../support/builders.js';
import { PASSWORD } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';
import { testBadInput } from './bad-input.js';

// Has no factor in common with the number of values, so that each of them comes to each place somewhere.
testBadInput(13);

describe('in particular,', () => {
  let app: TestApp;
  let owner: Client;
  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  describe('a token with a good signature', () => {
    it.each(['nobody', '../', 'x'.repeat(255), '019B76DA-A800-7000-8000-000000000009', '019b76da-a800'])(
      'whose sub is no id of a person here is not valid: %s',
      async (sub) => {
        const token = forgeToken(app, { claims: { sub, scope: 'applications:read applications:write' } });
        for (const path of ['/auth/me', '/applications']) {
          const answer = await request(app.http).get(path).set('authorization', `Bearer ${token}`);
          expect(answer.body).toMatchObject({ status: 401, code: 'invalid_token' });
        }
      },
    );
  });

  describe('a list where an object should be', () => {
    it.each([{ keys: [[]] }, { keys: [[[]]] }, { keys: [[{ sha256: 'a'.repeat(64) }]] }])(
      'is not imported: %j',
      async (body) => {
        const answer = await owner
          .post(`/apikey/import?ApplicationId=${await owner.createApplication()}`)
          .send(body);
        expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed' });
      },
    );

    it('is no filter that revokes everything', async () => {
      const applicationId = await owner.createApplication();
      const { id } = await owner.issueKey(applicationId);
      const answer = await owner.post('/apikey/bulk-revoke').send({ applicationId, filter: [] });
      expect(answer.body).toMatchObject({ status: 400, errors: [{ field: 'filter' }] });
      expect((await owner.get(`/apikey/${id}`)).body.status).toBe('active');
    });
  });

  describe('a password that no keyboard types', () => {
    const email = 'ann@example.org';
    const routes: [string, string, (password: string) => object][] = [
      ['post', '/auth/login', (password) => ({ email, password })],
      ['post', '/auth/register', (password) => ({ email, password })],
      ['post', '/auth/browser/login', (password) => ({ email, password })],
      ['post', '/auth/browser/register', (password) => ({ email, password })],
      ['post', '/auth/password', (password) => ({ currentPassword: password, newPassword: PASSWORD })],
      ['post', '/auth/password', (password) => ({ currentPassword: PASSWORD, newPassword: password })],
      ['post', '/auth/password/reset', (password) => ({ token: 'x', password })],
      ['delete', '/auth/me', (password) => ({ password })],
    ];
    it.each(routes)(
      'is refused by %s %s with what is wrong: it holds a NUL or half of a character',
      async (...route) => {
        const [method, path, bodyWith] = route;
        for (const unit of ['\0', '\ud800', '\udfff']) {
          const answer = await owner[method as 'post'](path)
            .set('sec-fetch-site', 'same-origin')
            .send(bodyWith(`a long walk ${unit} in the hills`));
          expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed' });
          expect(JSON.stringify(answer.body.errors)).toContain('NUL');
        }
      },
    );
  });

  describe('a 400 about one field names it', () => {
    it.each([
      [
        'weak_password',
        'password',
        'post',
        '/auth/register',
        { email: 'ann@example.org', password: 'password1' },
      ],
      [
        'invalid_scope',
        'scope',
        'post',
        '/auth/login',
        { email: 'ann@example.org', password: 'x', scope: 'all' },
      ],
      ['invalid_cursor', 'cursor', 'get', '/applications?cursor=nonsense', undefined],
      ['key_in_query', 'key', 'get', '/apikey/verify?key=any', undefined],
      [
        'key_in_query',
        'query',
        'get',
        '/auth/me?any=upblit_live_000000000000000000000000000000000000',
        undefined,
      ],
    ] as const)('%s: %s', async (code, field, method, path, body) => {
      const answer = await owner[method](path).send(body);
      expect(answer.body).toMatchObject({ status: 400, code, errors: [{ field }] });
    });
  });
});
