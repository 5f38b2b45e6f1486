import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { startProxiedApp, type ProxiedApp } from '../support/proxied-app.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import type { TestApp } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

/** Within one lease, so that what is in memory is still answered. */
const LEASE_MS = 10_000;
const DEADLINE_MS = 4000;

let proxied: ProxiedApp;
let proxy: TcpProxy;
let app: TestApp;
let owner: Client;
let applicationId: string;

beforeAll(async () => {
  proxied = await startProxiedApp({
    env: {
      VERIFY_LEASE_MS: String(LEASE_MS),
      RATE_LIMIT_STORE: 'postgres',
      DATABASE_POOL_WAIT_MS: '1500',
      DATABASE_STATEMENT_TIMEOUT_MS: '300',
    },
  });
  ({ app, proxy } = proxied);
  owner = await Client.signedIn(app);
  applicationId = await owner.createApplication();
});
afterAll(() => proxied.stop());
afterEach(async () => {
  await proxy.restore();
  await eventually(() => request(app.http).get('/health/ready').expect(200));
});

describe.each([
  ['is down', () => proxy.refuse()],
  ['does not answer', () => proxy.blackHole()],
])('while the database %s, a key that is in memory', (_, disturb) => {
  it('is answered 503 in time when it has credits, and gets none back that were spent', async () => {
    const plain = await owner.issueKey(applicationId);
    const metered = await owner.issueKey(applicationId, { credits: { remaining: 1000 } });
    for (const { key } of [plain, metered]) expect(await verify(app, key)).toMatchObject({ valid: true });
    await disturb();
    const began = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key: metered.key }),
      ),
    );
    expect(performance.now() - began).toBeLessThan(DEADLINE_MS);
    for (const { status, body, headers } of answers) {
      expect([status, body.code, headers['retry-after']]).toEqual([503, 'service_unavailable', '1']);
    }
    expect(await verify(app, plain.key)).toMatchObject({ valid: true });
    await proxy.restore();
    const { credits } = await eventually(() => verify(app, metered.key));
    // What had been sent when the connections broke is in doubt, and nothing else.
    const { remaining } = credits as { remaining: number };
    expect(remaining).toBeLessThanOrEqual(998);
    expect(remaining).toBeGreaterThanOrEqual(998 - 50);
  });

  it('passes unchecked when its limits are counted there, and is counted again afterwards', async () => {
    const rateLimits = [{ name: 'minute', limit: 2, windowSeconds: 60 }];
    const { key } = await owner.issueKey(applicationId, { rateLimits });
    expect(await verify(app, key)).toMatchObject({ valid: true, rateLimits: [{ remaining: 1 }] });
    await disturb();
    for (let i = 0; i < 4; i++) {
      const response = await request(app.http)
        .post('/apikey/verify')
        .set(AS_SERVICE)
        .send({ key })
        .expect(200);
      expect(response.body).toMatchObject({ valid: true });
      expect(response.headers['x-ratelimit-unchecked']).toBe('true');
    }
    await proxy.restore();
    await eventually(async () => {
      expect(await verify(app, key)).toMatchObject({ code: 'RATE_LIMITED' });
    });
  });
});
