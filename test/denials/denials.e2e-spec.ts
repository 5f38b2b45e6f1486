import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { DenialBuffer } from '../../src/modules/denials/infrastructure/denial-buffer.js';
import { DenialsPurge } from '../../src/modules/denials/infrastructure/denials.purge.js';
import { Client, UNKNOWN_ID, verify, type CreatedKey } from '../support/builders.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';
import { unissuedKey } from '../support/made-up-keys.js';
import { TestApp } from '../support/test-app.js';

interface Denial {
  id: string;
  keyId: string | null;
  verdict: string;
  cause: string;
  details: Record<string, unknown>;
  requestId: string | null;
  address: string | null;
  callerAddress: string | null;
  repeated: number;
}

describe('the denials of a key', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let key: CreatedKey;

  beforeAll(async () => {
    // They are written when a test says so.
    app = await TestApp.start({ env: { USAGE_FLUSH_MS: '3600000', VERIFY_ANONYMOUS: 'true' } });
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    key = await owner.issueKey(applicationId);
  });

  async function flush(node = app): Promise<void> {
    expect(await node.nest.get(DenialBuffer, { strict: false }).flush()).toBe(true);
  }

  async function read(path: string): Promise<Denial[]> {
    const denials: Denial[] = [];
    let cursor = '';
    do {
      const { body } = await owner.get(`${path}?limit=30${cursor}`).expect(200);
      denials.push(...(body.data as Denial[]));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor as string}`;
    } while (cursor !== '');
    return denials;
  }

  async function denialsOf({ id }: CreatedKey): Promise<Denial[]> {
    await flush();
    return read(`/apikey/${id}/denials`);
  }

  async function denialsOfApplication(id = applicationId): Promise<Denial[]> {
    await flush();
    return read(`/applications/${id}/denials`);
  }

  async function droppedDenials(): Promise<number> {
    const { text } = await request(app.http).get('/metrics').expect(200);
    return Number(/^upblit_denials_total\{outcome="dropped"\} (\d+)$/m.exec(text)?.[1]);
  }

  /** The one denial of a key that is refused in one way. */
  async function denial(of: CreatedKey, more: object = {}): Promise<Denial> {
    const { valid } = await verify(app, of.key, more);
    expect(valid).toBe(false);
    const found = await denialsOf(of);
    expect(found).toHaveLength(1);
    return found[0]!;
  }

  it('say who asked, from where, when and in which request', async () => {
    await request(app.http)
      .post('/apikey/verify')
      .set(AS_SERVICE)
      .set('X-Request-Id', 'the-one-that-failed')
      .send({ key: key.key, scopes: ['a'], ip: '2001:db8::7' })
      .expect(200, { valid: false, code: 'INSUFFICIENT_PERMISSIONS' });
    const [found, ...others] = await denialsOf(key);
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      keyId: key.id,
      verdict: 'INSUFFICIENT_PERMISSIONS',
      requestId: 'the-one-that-failed',
      address: '2001:db8::7',
      callerAddress: '127.0.0.1',
      repeated: 1,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it('name the scopes that are missing', async () => {
    const some = await owner.issueKey(applicationId, { scopes: ['orders:*'] });
    expect(await denial(some, { scopes: ['orders:read', 'users:read'] })).toMatchObject({
      cause: 'scopes_missing',
      details: { scopes: ['orders:read', 'users:read'], missingScopes: ['users:read'] },
    });
  });

  it('keep a bounded part of what was asked, and no secret that stood in the place of a scope', async () => {
    const scopes = [key.key, ...Array.from({ length: 60 }, (_, i) => `scope:${i}`)];
    const { details } = await denial(key, { scopes });
    expect(details.missingScopes).toHaveLength(20);
    expect(JSON.stringify(details)).not.toContain(key.key.slice(-20));
    expect(details.scopes).toEqual(expect.arrayContaining(['[redacted]', 'scope:0']));
  });

  it('tell an expired key from an expired secret, and say for how long', async () => {
    await app.query("UPDATE api_keys SET expires_at = now() - interval '1 hour' WHERE id = $1", [key.id]);
    const ofKey = await denial(key);
    expect(ofKey).toMatchObject({ verdict: 'EXPIRED', cause: 'key_expired' });
    expect(ofKey.details.expiredForSeconds).toBeGreaterThanOrEqual(3600);
    const rotated = await owner.issueKey(applicationId);
    await owner.post(`/apikey/${rotated.id}/rotate`).send({ overlapSeconds: 60 }).expect(200);
    await app.query(
      "UPDATE api_key_secrets SET expires_at = now() - interval '1 minute' WHERE api_key_id = $1 AND expires_at IS NOT NULL",
      [rotated.id],
    );
    expect(await denial(rotated)).toMatchObject({
      verdict: 'EXPIRED',
      cause: 'secret_expired',
      details: { expiredForSeconds: expect.any(Number) },
    });
  });

  it('tell an address that is not allowed from one that was not given', async () => {
    const [a, b] = [
      await owner.issueKey(applicationId, { ipAllowlist: ['192.0.2.0/24'] }),
      await owner.issueKey(applicationId, { ipAllowlist: ['192.0.2.0/24'] }),
    ];
    const from = { cause: 'address_not_allowed', address: '198.51.100.1' };
    expect(await denial(a, { ip: '198.51.100.1' })).toMatchObject(from);
    expect(await denial(b)).toMatchObject({ cause: 'address_not_given', address: null });
  });

  it('name the limit that was used up, and when it would have passed', async () => {
    const limited = await owner.issueKey(applicationId, {
      rateLimits: [
        { name: 'wide', limit: 100, windowSeconds: 60 },
        { name: 'narrow', limit: 1, windowSeconds: 3600 },
      ],
    });
    await verify(app, limited.key);
    expect(await denial(limited)).toMatchObject({
      verdict: 'RATE_LIMITED',
      cause: 'rate_limit',
      details: {
        rateLimits: [{ name: 'narrow', limit: 1, windowSeconds: 3600, remaining: 0 }],
        retryAfterSeconds: expect.any(Number),
      },
    });
  });

  it('say whose credits were too few, and how many there were', async () => {
    const poor = await owner.issueKey(applicationId, { credits: { remaining: 3 } });
    expect(await denial(poor, { cost: 5 })).toMatchObject({
      verdict: 'USAGE_EXCEEDED',
      cause: 'credits_of_key',
      details: { cost: 5, remaining: 3, retryAfterSeconds: null },
    });
    await owner
      .patch(`/applications/${applicationId}/limits`)
      .send({ credits: { remaining: 2 } })
      .expect(200);
    const sharing = await owner.issueKey(applicationId);
    expect(await denial(sharing, { cost: 4 })).toMatchObject({
      cause: 'credits_of_application',
      details: { cost: 4, remaining: 2 },
    });
  });

  it('tell a secret that was replaced from a key that was revoked since', async () => {
    await owner.post(`/apikey/${key.id}/rotate`).send({}).expect(200);
    expect(await denial(key)).toMatchObject({ verdict: 'REVOKED', cause: 'secret_revoked' });
    await owner.delete(`/apikey/${key.id}`).expect(204);
    await verify(app, key.key);
    expect((await denialsOf(key)).map(({ cause }) => cause)).toEqual(['revoked', 'secret_revoked']);
  });

  it('tell disabled and revoked ones, through the door of gateways too', async () => {
    await owner.patch(`/apikey/${key.id}`).send({ enabled: false }).expect(200);
    await request(app.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', key.key).expect(401);
    expect(await denialsOf(key)).toMatchObject([{ cause: 'disabled', address: '127.0.0.1' }]);
    await owner.delete(`/apikey/${key.id}`).expect(204);
    await verify(app, key.key);
    expect((await denialsOf(key)).map(({ cause }) => cause)).toEqual(['revoked', 'disabled']);
  });

  it('tell that it was shown to another application, and nothing of that one, its request or its client', async () => {
    const stranger = await Client.signedIn(app);
    const elsewhere = await stranger.createApplication();
    const service = await stranger.issueServiceKey(elsewhere);
    const { body } = await request(app.http)
      .post('/apikey/verify')
      .set('Authorization', `Bearer ${service.key}`)
      .set('X-Request-Id', 'their-request')
      .send({ key: key.key, scopes: ['their:scope'], ip: '198.51.100.9' })
      .expect(200);
    // Whoever shows it learns what they learnt before.
    expect(body).toEqual({ valid: false, code: 'NOT_FOUND' });
    const [found] = await denialsOf(key);
    const nowhere = { requestId: null, address: null, callerAddress: null };
    expect(found).toMatchObject({ cause: 'other_application', ...nowhere });
    expect(JSON.stringify(found)).not.toContain('their:scope');
    expect(JSON.stringify(found)).not.toContain(elsewhere);
    const ofKey = await app.query('SELECT * FROM denials WHERE ring_id = $1', [key.id]);
    expect(JSON.stringify(ofKey)).not.toMatch(/their-request|198\.51\.100\.9/);
    const { body: theirs } = await stranger.get(`/applications/${elsewhere}/denials`).expect(200);
    expect(theirs.data).toMatchObject([
      {
        keyId: null,
        verdict: 'NOT_FOUND',
        cause: 'unknown',
        details: {},
        requestId: 'their-request',
        address: '198.51.100.9',
        callerAddress: '127.0.0.1',
      },
    ]);
    expect(JSON.stringify(theirs)).not.toContain(key.id);
  });

  it('of an application are those of its keys, and of what was shown to its services and is none of them', async () => {
    const service = await owner.issueServiceKey(applicationId);
    const shown = [unissuedKey(), 'hunter2', service.key];
    for (const text of shown) {
      await request(app.http)
        .post('/apikey/verify')
        .set('Authorization', `Bearer ${service.key}`)
        .send({ key: text })
        .expect(200, { valid: false, code: 'NOT_FOUND' });
    }
    await verify(app, key.key, { scopes: ['a'] });
    const found = await denialsOfApplication();
    expect(found.map(({ cause, keyId }) => [cause, keyId])).toEqual([
      ['scopes_missing', key.id],
      ['service_key', service.id],
      ['malformed', null],
      ['unknown', null],
    ]);
    // Nothing of what was shown is kept: it may be a password, or a key with a typing error.
    const rows = JSON.stringify(await app.query('SELECT * FROM denials'));
    for (const text of shown) {
      expect(rows).not.toContain(text.slice(-7));
      expect(rows).not.toContain(text.slice(0, 20));
    }
  });

  it('are a few rows in a flood, which hides no other cause and no other key', async () => {
    const other = await owner.issueKey(applicationId);
    for (let i = 0; i < 10; i++) {
      await request(app.http)
        .post('/apikey/verify/batch')
        .set(AS_SERVICE)
        .send({ keys: Array.from({ length: 100 }, () => ({ key: key.key, scopes: ['a'] })) })
        .expect(200);
    }
    await owner.patch(`/apikey/${key.id}`).send({ enabled: false }).expect(200);
    await verify(app, key.key);
    await verify(app, other.key, { scopes: ['a'] });
    const found = await denialsOf(key);
    expect(found.map(({ cause, repeated }) => [cause, repeated])).toEqual([
      ['disabled', 1],
      ['scopes_missing', 998],
      ['scopes_missing', 1],
      ['scopes_missing', 1],
    ]);
    expect(await denialsOf(other)).toHaveLength(1);
  });

  it('are the last hundred, of all nodes together', async () => {
    const node = await TestApp.start({ database: app.database, env: { USAGE_FLUSH_MS: '3600000' } });
    try {
      const refuse = async (at: TestApp, requestId: string): Promise<void> => {
        await request(at.http)
          .post('/apikey/verify')
          .set(AS_SERVICE)
          .set('X-Request-Id', requestId)
          .send({ key: key.key, scopes: ['a'] })
          .expect(200);
      };
      for (let i = 0; i < 70; i++) {
        await Promise.all([refuse(app, `first-${i}`), refuse(node, `second-${i}`)]);
        await Promise.all([flush(), flush(node)]);
      }
      const found = await read(`/apikey/${key.id}/denials`);
      expect(found).toHaveLength(100);
      expect(new Set(found.map(({ id }) => id)).size).toBe(100);
      const last = Array.from({ length: 50 }, (_, i) => [`first-${20 + i}`, `second-${20 + i}`]).flat();
      expect(found.map(({ requestId }) => requestId).sort()).toEqual(last.sort());
      expect(await app.query('SELECT count(*)::int AS n FROM denials WHERE ring_id = $1', [key.id])).toEqual([
        { n: 100 },
      ]);
    } finally {
      await node.stop();
    }
  });

  it('are the last hundred, also of more that come at once', async () => {
    const keys = await Promise.all(
      Array.from({ length: 34 }, async () => (await owner.issueServiceKey(applicationId)).key),
    );
    for (let i = 0; i < 3; i++) {
      await request(app.http)
        .post('/apikey/verify/batch')
        .set(AS_SERVICE)
        .send({ keys: keys.map((shown) => ({ key: shown, applicationId })) })
        .expect(200);
    }
    await verify(app, key.key, { scopes: ['a'] });
    expect(await denialsOf(key)).toHaveLength(1);
    const found = await denialsOfApplication();
    expect(found.filter(({ cause }) => cause === 'service_key')).toHaveLength(100);
  });

  it('are given up when the database does not take them, and keep no others from being written', async () => {
    await app.query(
      'ALTER TABLE denials ADD CONSTRAINT no_a CHECK (NOT details @> \'{"scopes": ["a"]}\') NOT VALID',
    );
    const dropped = await droppedDenials();
    for (let i = 0; i < 5; i++) await verify(app, key.key, { scopes: ['a'] });
    expect(await app.nest.get(DenialBuffer, { strict: false }).flush()).toBe(false);
    expect(await droppedDenials()).toBe(dropped + 5);
    expect(await denial(key, { scopes: ['b'] })).toMatchObject({ details: { scopes: ['b'] } });
    await app.query('ALTER TABLE denials DROP CONSTRAINT no_a');
  });

  it('are of no application that there is not, whatever callers name', async () => {
    const before = await app.query('SELECT count(*) FROM denials');
    for (const named of [UNKNOWN_ID, `urn:uuid:${UNKNOWN_ID}`]) {
      await request(app.http)
        .post('/apikey/verify')
        .send({ key: 'no key', applicationId: named })
        .expect(({ status }) => {
          expect([200, 400]).toContain(status);
        });
    }
    await flush();
    expect(await app.query('SELECT count(*) FROM denials')).toEqual(before);
  });

  it('are deleted after 30 days, and not shown before that is done', async () => {
    await verify(app, key.key, { scopes: ['a'] });
    await flush();
    const other = await owner.issueKey(applicationId);
    await verify(app, other.key, { scopes: ['a'] });
    await flush();
    await app.query("UPDATE denials SET at = now() - interval '31 days' WHERE ring_id = $1", [key.id]);
    expect(await read(`/apikey/${key.id}/denials`)).toEqual([]);
    await app.nest.get(DenialsPurge, { strict: false }).run();
    expect(await app.query('SELECT FROM denials WHERE ring_id = $1', [key.id])).toEqual([]);
    expect(await read(`/apikey/${other.id}/denials`)).toHaveLength(1);
  });

  it('are for members who may read keys, and for nobody else', async () => {
    const stranger = await Client.signedIn(app);
    const narrow = await Client.signedIn(app, { scope: 'applications:read' });
    for (const path of [`/apikey/${key.id}/denials`, `/applications/${applicationId}/denials`]) {
      await request(app.http).get(path).expect(401);
      await request(app.http).get(path).set('x-api-key', key.key).expect(401);
      expect((await stranger.get(path).expect(403)).body.code).toBe('not_application_owner');
      expect((await narrow.get(path).expect(403)).body.code).toBe('insufficient_scope');
    }
  });

  it('refuse the cursor of another list, and what is no parameter of theirs', async () => {
    for (let i = 0; i < 3; i++) await verify(app, key.key, { scopes: ['a'] });
    await flush();
    const { body } = await owner.get(`/apikey/${key.id}/denials?limit=1`).expect(200);
    const cursor = body.nextCursor as string;
    expect(
      (await owner.get(`/apikey/${key.id}/denials?limit=1&cursor=${cursor}`).expect(200)).body.data,
    ).toHaveLength(1);
    const other = await owner.issueKey(applicationId);
    for (const path of [`/apikey/${other.id}/denials`, `/applications/${applicationId}/denials`]) {
      expect((await owner.get(`${path}?cursor=${cursor}`).expect(400)).body.code).toBe('invalid_cursor');
      await owner.get(`${path}?limit=0`).expect(400);
      await owner.get(`${path}?from=2020-01-01T00:00:00Z`).expect(400);
    }
  });
});
