import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { TestApp } from '../support/test-app.js';

describe('POST /apikey/verify', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it('answers NOT_FOUND for garbage', async () => {
    const r = await request(app.http).post('/apikey/verify').send({ key: 'x' });
    console.log(r.status, r.headers, r.text);
    const r2 = await request(app.http).post('/apikey/verify').send({ key: 'x', foo: 1, scopes: 'a' });
    console.log(r2.status, r2.headers, r2.text);
    const r3 = await request(app.http).get('/apikey/verify').set('x-api-key', 'upblit_live_1');
    console.log(r3.status, r3.headers, r3.text);
    expect(r.status).toBe(200);
  });
});
