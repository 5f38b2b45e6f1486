import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { forgeToken } from '../support/access-token.js';
import { signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

describe('A route that needs a scope', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const list = (token: string): request.Test =>
    request(app.http).get('/applications').auth(token, { type: 'bearer' });

  it('is open to a token that has it', async () => {
    const { accessToken } = await signIn(app, { scope: 'applications:read' });
    expect((await list(accessToken)).status).toBe(200);
  });

  it('is closed to one that lacks it, and says which it needs', async () => {
    const { accessToken } = await signIn(app, { scope: 'applications:write apikeys:read audit:read' });
    const answer = await list(accessToken);
    expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", scope="applications:read"',
    );
    expect(answer.body.detail).toContain('or a service key');
  });

  it('is not said to be one of service keys where they have no such scope', async () => {
    const { accessToken } = await signIn(app, { scope: 'applications:read' });
    const { body } = await request(app.http)
      .post('/applications')
      .auth(accessToken, { type: 'bearer' })
      .send({ name: 'Weather' })
      .expect(403);
    expect(body.detail).toBe('Use an access token with the scope applications:write.');
  });

  it.each([
    ['no scope', undefined],
    ['an empty scope', ''],
    ['a scope that begins like it', 'applications:reader'],
    ['a scope that it ends like', 'my-applications:read'],
    ['it in another case', 'Applications:Read'],
    ['a wildcard', 'applications:* *'],
    ['scopes that do not exist', 'admin root'],
    ['it behind a tab', 'x\tapplications:read'],
  ])('is closed to a token with %s', async (_, scope) => {
    const answer = await list(forgeToken(app, { claims: { scope } }));
    expect(answer.status).toBe(403);
  });

  it('is open to a token that has it among scopes we do not know, which give it nothing', async () => {
    const token = forgeToken(app, { claims: { scope: 'openid applications:read admin' } });
    expect((await list(token)).status).toBe(200);
  });

  it('looks at the token before the scope, and at the scope before what was asked', async () => {
    const { accessToken } = await signIn(app, { scope: 'audit:read' });
    const bad = request(app.http).get('/applications?limit=x');
    expect((await bad).status).toBe(401);
    const unscoped = request(app.http).get('/applications?limit=x').auth(accessToken, { type: 'bearer' });
    expect((await unscoped).status).toBe(403);
  });
});
