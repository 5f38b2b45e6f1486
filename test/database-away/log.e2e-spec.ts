import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { Client } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { startProxiedApp, type ProxiedApp } from '../support/proxied-app.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import type { TestApp } from '../support/test-app.js';

let proxied: ProxiedApp;
let proxy: TcpProxy;
let app: TestApp;
let client: Client;
let lines: string[];
beforeAll(async () => {
  proxied = await startProxiedApp({
    env: { LOG_LEVEL: 'info' },
    log: { write: (line) => lines.push(line) },
  });
  ({ app, proxy } = proxied);
  client = await Client.signedIn(app);
});
beforeEach(() => {
  lines = [];
});
lines = [];
afterAll(() => proxied.stop());

const about = (text: string): Record<string, unknown>[] =>
  lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => String(msg).includes(text));

describe('an outage of the database', () => {
  it('has a line when it begins, a count a second, and a line when it ends, without a stack', async () => {
    await proxy.refuse();
    let refused = 0;
    for (let i = 0; i < 100; i += 1) {
      const answer = await client.get('/applications');
      expect(answer.status).toBe(503);
      refused += 1;
    }
    // So that the second ends within the outage.
    await sleep(1100);
    await client.get('/applications').expect(503);
    refused += 1;
    await proxy.restore();
    await eventually(() => client.get('/applications').expect(200));
    await eventually(() => {
      expect(about('the outage has ended')).toHaveLength(1);
    }, 60_000);

    const [beginning, ...others] = about('an outage has begun');
    expect(others).toEqual([]);
    expect(beginning).toMatchObject({
      level: 40,
      cause: { type: expect.any(String), message: expect.any(String) },
    });
    const withStack = lines.filter((line) => line.includes('    at '));
    expect(withStack).toEqual([]);
    const [end] = about('the outage has ended');
    expect(end!.answered503).toBeGreaterThanOrEqual(refused);
    const counted = about('the outage goes on').map(({ answered503 }) => Number(answered503));
    expect(counted.length).toBeGreaterThan(0);
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(Number(end!.answered503) - 1);
  }, 120_000);

  it('is named by its code in the line of each answer', async () => {
    await proxy.refuse();
    await client.get('/applications').expect(503);
    await request(app.http).get('/applications').expect(401);
    await request(app.http).get('/nothing').expect(404);
    await proxy.restore();
    await eventually(() => {
      expect(
        about('answered')
          .map(({ code }) => code)
          .slice(-3),
      ).toEqual(['service_unavailable', 'unauthenticated', 'not_found']);
    });
    await eventually(() => client.get('/applications').expect(200));
    expect(about('answered').at(-1)).not.toHaveProperty('code');
  });
});
