import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

describe('GET /auth/me', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it('answers who the access token speaks for, and what it may be used for', async () => {
    const { accessToken, user } = await signIn(app, { scope: 'apikeys:read audit:read' });
    const answer = await request(app.http).get('/auth/me').auth(accessToken, { type: 'bearer' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ ...user, scope: 'apikeys:read audit:read' });
  });

  it('asks for an access token by a bare challenge when there is no credential', async () => {
    const answer = await request(app.http).get('/auth/me');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.body.code).toBe('unauthenticated');
  });
});
