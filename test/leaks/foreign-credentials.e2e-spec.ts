import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { Client } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { spellingsOf } from './spellings.js';

/** Of formats that this service knows nothing of. */
const CREDENTIALS = [
  randomBytes(20).toString('hex'),
  randomBytes(24).toString('base64url'),
  'correct-horse-battery-staple-x',
  'CORRECTHORSEBATTERYSTAPLE',
  `acme.${randomBytes(8).toString('hex')}.${randomBytes(8).toString('hex')}`,
  '1234567890123456789012',
];

describe.each(CREDENTIALS)('a credential of a format that is not ours: %s', (credential) => {
  let app: TestApp;
  let client: Client;
  const lines: string[] = [];
  beforeAll(async () => {
    app = await TestApp.start({
      env: { LOG_LEVEL: 'trace' },
      log: { write: (line) => lines.push(line) },
    });
    client = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  const expectNothingOfIt = (text: string): void => {
    const bytes = Buffer.from(text);
    for (const spelling of spellingsOf(credential)) expect(bytes.includes(spelling)).toBe(false);
  };

  it('that stands where an id belongs is neither answered nor logged, in any encoding', async () => {
    const spelled = [
      credential,
      Buffer.from(credential).toString('hex'),
      Buffer.from(credential).toString('base64url'),
      Buffer.from(credential).toString('hex').replace(/../g, '%$&'),
    ];
    for (const id of spelled) {
      for (const path of [
        `/apikey/${id}`,
        `/applications/${id}`,
        `/applications/${id}/members`,
        `/applications/${id}/offers`,
        `/${id}`,
        `/apikeys/${id}/x`,
        `/apikey?ApplicationId=${id}`,
        `/applications?cursor=${id}`,
        `/applications?status=${id}&${id}=${id}`,
        `/apikey/verify?scopes=${id}`,
        `/%zz${id}`,
      ]) {
        const answer = await client.get(path);
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(answer.status).toBeLessThan(500);
        if (answer.body.instance !== undefined) expectNothingOfIt(answer.body.instance as string);
      }
    }
    expectNothingOfIt(lines.join(''));
    expectNothingOfIt((await request(app.http).get('/metrics')).text);
  });

  it('is no X-Request-Id of a request that sends it as a credential, nor is what encodes it or holds it', async () => {
    const ids = [
      credential,
      Buffer.from(credential).toString('hex'),
      Buffer.from(credential).toString('base64url'),
      `${credential}.1`,
      credential.slice(0, 12),
    ];
    const headers = [
      { 'x-api-key': credential },
      { authorization: `Bearer ${credential}` },
      { authorization: `Basic ${Buffer.from(`user:${credential}`).toString('base64')}` },
      { 'idempotency-key': credential },
    ];
    for (const id of ids) {
      for (const header of headers) {
        for (const path of ['/apikey/verify', '/applications']) {
          const answer = await request(app.http).get(path).set(header).set('x-request-id', id);
          expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
        }
      }
    }
    expectNothingOfIt(lines.join(''));
  });
});
