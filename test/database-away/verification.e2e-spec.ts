import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import request, { type Response } from 'supertest';
import { unissuedKey } from '../support/made-up-keys.js';
import { Freshness } from '../../src/modules/freshness/index.js';
import { Client, verify } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { TestApp } from '../support/test-app.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

const LEASE_MS = 1000;
const STALE_MS = 10_000;
/** A busy machine takes so long to connect at the start. */
const POOL_WAIT_MS = 1500;
const STATEMENT_TIMEOUT_MS = 500;
/** What the configuration promises at most, with a margin for a busy machine. */
const DEADLINE_MS = POOL_WAIT_MS + STATEMENT_TIMEOUT_MS + 1000 + 10_000;

describe('Verification', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  /** The default: no answer from memory after the lease. */
  let strict: TestApp;
  let lenient: TestApp;
  /** Another node, whose database is never away. */
  let other: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const proxied = await TcpProxy.before(database.url);
    proxy = proxied.proxy;
    const env = {
      VERIFY_LEASE_MS: String(LEASE_MS),
      DATABASE_POOL_SIZE: '2',
      DATABASE_POOL_WAIT_MS: String(POOL_WAIT_MS),
      DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS),
    };
    const away = { url: proxied.url, drop: () => database.drop() };
    strict = await TestApp.start({ database: away, env });
    lenient = await TestApp.start({ database: away, env: { ...env, VERIFY_STALE_MS: String(STALE_MS) } });
    other = await TestApp.start({ database, env });
    owner = await Client.signedIn(other);
    applicationId = await owner.createApplication();
  });

  afterEach(async () => {
    await proxy.restore();
    for (const app of [strict, lenient]) {
      await eventually(() => {
        expect(app.nest.get(Freshness).held()).toBe(true);
      });
    }
  });

  afterAll(async () => {
    for (const app of [strict, lenient, other]) await app.stop();
    await proxy.stop();
    await database.drop();
  });

  it('goes on from memory within the lease while the database is away, and is 503 from then on', async () => {
    const { key } = await known(strict);
    await proxy.refuse();
    const within = await ask(strict, key);
    expect([within.status, within.body.code]).toEqual([200, 'VALID']);
    expect(within.headers).not.toHaveProperty('x-verification-stale');

    await eventually(async () => {
      expectUnavailable(await ask(strict, key));
    }, 2 * LEASE_MS);
    expectUnavailable(await ask(strict, unissuedKey()));
  });

  it('goes on for as long as VERIFY_STALE_MS says, every answer says that it may be out of date, and then is 503', async () => {
    const { id, key } = await known(lenient);
    await proxy.refuse();
    await eventually(async () => {
      expect((await ask(lenient, key)).headers).toMatchObject({ 'x-verification-stale': 'true' });
    }, 2 * LEASE_MS);
    // The danger that the operator has chosen.
    await owner.delete(`/apikey/${id}`).expect(204);
    const gateway = await request(lenient.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', key);
    const batch = await request(lenient.http)
      .post('/apikey/verify/batch')
      .set(AS_SERVICE)
      .send({ keys: [{ key }] });
    for (const { status, headers } of [await ask(lenient, key), gateway, batch]) {
      expect([status, headers['x-verification-stale']]).toEqual([200, 'true']);
    }
    expectUnavailable(await ask(lenient, unissuedKey()));

    await eventually(async () => {
      expectUnavailable(await ask(lenient, key));
    }, 2 * STALE_MS);
    await proxy.restore();
    await eventually(async () => {
      expect((await ask(lenient, key)).body).toEqual({ valid: false, code: 'REVOKED' });
    });
  });

  it('has no stale answer while the database is there, however long it is allowed', async () => {
    const { id, key } = await known(lenient);
    await owner.delete(`/apikey/${id}`).expect(204);
    const answer = await ask(lenient, key);

    expect(answer.body).toEqual({ valid: false, code: 'REVOKED' });
    expect(answer.headers).not.toHaveProperty('x-verification-stale');
  });

  it('of what is known goes on while every connection is taken; the rest is 503 within the deadline', async () => {
    const { id, key } = await known(strict);
    const cold = await owner.issueKey(applicationId);
    const client = new Client(strict, owner.caller);
    const holder = new PostgresClient({ connectionString: database.url });
    await holder.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE applications');
      // More than one lease: the connection of the lease is not one of those that are taken.
      const until = performance.now() + 3 * LEASE_MS;
      const crowd = Array.from({ length: 6 }, async () => {
        while (performance.now() < until) expectUnavailable(await client.get('/applications'));
      });
      while (performance.now() < until) {
        const { body, headers } = await ask(strict, key);
        expect([body.code, headers['x-verification-stale']]).toEqual(['VALID', undefined]);
        const began = performance.now();
        const rest = await Promise.all([ask(strict, cold.key), client.delete(`/apikey/${id}`)]);
        for (const answer of rest) expectUnavailable(answer);
        expect(performance.now() - began).toBeLessThan(DEADLINE_MS);
      }
      await Promise.all(crowd);
    } finally {
      await holder.end();
    }

    await eventually(async () => {
      expect(await verify(strict, cold.key)).toMatchObject({ valid: true });
    });
  });

  /** A new key that the node has in memory. */
  async function known(app: TestApp): Promise<{ id: string; key: string }> {
    const issued = await owner.issueKey(applicationId);
    await eventually(async () => {
      expect(await verify(app, issued.key)).toMatchObject({ valid: true });
    });
    return issued;
  }
});

function ask(app: TestApp, key: string): request.Test {
  return request(app.http).post('/apikey/verify').set(AS_SERVICE).send({ key });
}

function expectUnavailable(answer: Response): void {
  expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
  expect(answer.headers['retry-after']).toMatch(/^\d+$/);
}
