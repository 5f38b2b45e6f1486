import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import request from 'supertest';
import { RotationOverlapStore } from '../../src/modules/verification/application/rotation-overlap-store.js';
import { Client, UNKNOWN_ID, verify, type CreatedKey } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { AS_GATEWAY } from '../support/service-key.js';

describe('POST /apikey/{id}/rotate', () => {
  let app: TestApp;
  let owner: Client;
  let stranger: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
    stranger = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  async function rotate(key: CreatedKey, body: object = {}): Promise<string> {
    const response = await owner.post(`/apikey/${key.id}/rotate`).send(body).expect(200);
    expect(response.headers.location).toBe(`/apikey/${key.id}`);
    expect(response.headers['cache-control']).toBe('no-store');
    return response.body as string;
  }

  it('gives another secret of the same key, with all its settings, and ends the old one', async () => {
    const key = await owner.issueKey(applicationId, {
      environment: 'test',
      scopes: ['a'],
      metadata: { b: 1 },
    });
    const before = await verify(app, key.key);
    const secret = await rotate(key);
    expect(secret).toMatch(/^upblit_test_[0-9A-Za-z]{36}$/);
    expect(secret).not.toBe(key.key);
    expect(await verify(app, secret)).toEqual({ ...before, secretId: expect.any(String) });
    expect(await verify(app, key.key)).toEqual({ valid: false, code: 'REVOKED' });
    const { body } = await owner.get(`/apikey/${key.id}`).expect(200);
    expect(body.hint).toBe(`upblit_test_…${secret.slice(-4)}`);
    expect(body.secrets).toHaveLength(1);
  });

  it('lets the old secret work until the overlap ends, and says so', async () => {
    const key = await owner.issueKey(applicationId);
    const secret = await rotate(key, { overlapSeconds: 3600 });
    const [old, current] = [await verify(app, key.key), await verify(app, secret)];
    expect(old).toMatchObject({ valid: true, keyId: key.id, warning: 'EXPIRES_SOON' });
    expect(current).toMatchObject({ valid: true, keyId: key.id });
    expect(current).not.toHaveProperty('secretExpiresAt');
    expect(old.secretId).not.toBe(current.secretId);
    const left = Date.parse(old.secretExpiresAt as string) - Date.now();
    expect(left).toBeGreaterThan(3_500_000);
    expect(left).toBeLessThanOrEqual(3_600_000);
    const { body } = await owner.get(`/apikey/${key.id}`).expect(200);
    expect(body.secrets).toEqual([
      expect.objectContaining({
        id: old.secretId,
        hint: `upblit_live_…${key.key.slice(-4)}`,
        createdAt: expect.any(String),
        expiresAt: old.secretExpiresAt,
        overlapSeconds: null,
        lastUsedFrom: null,
      }),
      expect.objectContaining({ id: current.secretId, expiresAt: null, overlapSeconds: null }),
    ]);
    const gateway = await request(app.http)
      .get('/apikey/verify')
      .set(AS_GATEWAY)
      .set('x-api-key', key.key)
      .expect(200);
    expect(Date.parse(gateway.headers.sunset!) / 1000).toBe(
      Math.floor(Date.parse(old.secretExpiresAt as string) / 1000),
    );
    await app.query(`UPDATE api_key_secrets SET expires_at = now() WHERE id = $1`, [old.secretId]);
    // What is changed by hand holds within a lease.
    await eventually(async () => {
      expect(await verify(app, key.key)).toEqual({ valid: false, code: 'EXPIRED' });
    });
    expect(await verify(app, secret)).toMatchObject({ valid: true });
  });

  it('says who still uses a secret that has been replaced', async () => {
    const key = await owner.issueKey(applicationId);
    await verify(app, key.key, { ip: '192.0.2.1' });
    const secret = await rotate(key, { overlapSeconds: 3600 });
    const secrets = async (): Promise<unknown> =>
      (await owner.get(`/apikey/${key.id}`).expect(200)).body.secrets;
    const unused = { lastUsedAt: null, lastUsedFrom: null };
    expect(await secrets()).toMatchObject([unused, unused]);
    await verify(app, secret, { ip: '192.0.2.2' });
    await verify(app, key.key, { ip: '192.0.2.3' });
    await verify(app, key.key, { ip: '192.0.2.4', scopes: ['lacks:it'] });
    await eventually(async () => {
      expect(await secrets()).toMatchObject([
        { lastUsedAt: expect.any(String), lastUsedFrom: '192.0.2.3' },
        unused,
      ]);
    });
    // The flush that follows is no later use.
    const [{ lastUsedAt }] = (await secrets()) as [{ lastUsedAt: string }];
    await verify(app, secret, { ip: '192.0.2.5' });
    await eventually(async () => {
      const { body } = await owner.get(`/apikey/${key.id}`).expect(200);
      expect(body.lastUsedFrom).toBe('192.0.2.5');
    });
    expect(await secrets()).toMatchObject([{ lastUsedAt, lastUsedFrom: '192.0.2.3' }, unused]);
  });

  it('starts the overlap with the first use of the new secret, when asked to', async () => {
    const key = await owner.issueKey(applicationId);
    const secret = await rotate(key, { overlapSeconds: 3600, activateOnFirstUse: true });
    const before = await owner.get(`/apikey/${key.id}`).expect(200);
    expect(before.body.secrets).toMatchObject([
      { expiresAt: null, overlapSeconds: null },
      { expiresAt: null, overlapSeconds: 3600 },
    ]);
    expect(await verify(app, key.key)).not.toHaveProperty('secretExpiresAt');
    expect(await verify(app, secret)).toMatchObject({ valid: true });
    await eventually(async () => {
      expect(await verify(app, key.key)).toHaveProperty('secretExpiresAt');
    });
    const after = await owner.get(`/apikey/${key.id}`).expect(200);
    expect(after.body.secrets).toMatchObject([
      { expiresAt: expect.any(String), overlapSeconds: null },
      { expiresAt: null, overlapSeconds: null },
    ]);
  });

  it('starts the overlap with no verification that is refused', async () => {
    const start = jest.spyOn(app.nest.get(RotationOverlapStore, { strict: false }), 'start');
    const key = await owner.issueKey(applicationId, {
      scopes: ['a'],
      ipAllowlist: ['192.0.2.1'],
      rateLimits: [{ name: 'hour', limit: 1, windowSeconds: 3600 }],
    });
    const secret = await rotate(key, { overlapSeconds: 3600, activateOnFirstUse: true });
    const change = (body: object): request.Test => owner.patch(`/apikey/${key.id}`).send(body).expect(200);
    const ip = '192.0.2.1';
    const refused: unknown[] = [];
    const ask = async (more: object): Promise<void> => {
      const { code } = await verify(app, secret, more);
      refused.push(code);
    };
    await ask({ ip, applicationId: UNKNOWN_ID });
    await change({ enabled: false });
    await ask({ ip });
    await change({ enabled: true });
    await ask({ ip: '192.0.2.2' });
    await ask({ ip, scopes: ['b'] });
    // The old secret uses the limit up, which is the key's.
    expect(await verify(app, key.key, { ip })).toMatchObject({ valid: true });
    await ask({ ip });
    expect(refused).toEqual([
      'NOT_FOUND',
      'DISABLED',
      'FORBIDDEN',
      'INSUFFICIENT_PERMISSIONS',
      'RATE_LIMITED',
    ]);
    // Observers are told before the answer is sent.
    expect(start).not.toHaveBeenCalled();
    await change({ rateLimits: [] });
    expect(await verify(app, secret, { ip, scopes: ['a'] })).toMatchObject({ valid: true });
    expect(start).toHaveBeenCalledTimes(1);
    await start.mock.results[0]!.value;
    expect(await verify(app, key.key, { ip })).toHaveProperty('secretExpiresAt');
    start.mockRestore();
  });

  it('tells the new secret from the old one whatever the clock of the node says that made that one', async () => {
    const key = await owner.issueKey(applicationId);
    // As a node would have made it whose clock is an hour ahead.
    await app.query(
      `UPDATE api_key_secrets SET id = overlay(id::text PLACING 'ffff' FROM 1)::uuid,
                                  created_at = created_at + interval '1 hour' WHERE api_key_id = $1`,
      [key.id],
    );
    const secret = await rotate(key, { overlapSeconds: 3600, activateOnFirstUse: true });
    const { body } = await owner.get(`/apikey/${key.id}`).expect(200);
    const hints = [key.key, secret].map((text) => `upblit_live_…${text.slice(-4)}`);
    expect(body.hint).toBe(hints[1]);
    expect(body.secrets.map(({ hint }: { hint: string }) => hint)).toEqual(hints);
    expect(await verify(app, secret)).toMatchObject({ valid: true });
    await eventually(async () => {
      expect(await verify(app, key.key)).toHaveProperty('secretExpiresAt');
    });
    expect(await verify(app, secret)).not.toHaveProperty('secretExpiresAt');
  });

  it('never makes an older secret live longer than it was to', async () => {
    const key = await owner.issueKey(applicationId);
    const second = await rotate(key, { overlapSeconds: 60 });
    const first = await verify(app, key.key);
    await rotate(key, { overlapSeconds: 3600 });
    expect((await verify(app, key.key)).secretExpiresAt).toBe(first.secretExpiresAt);
    expect(await verify(app, second)).toHaveProperty('secretExpiresAt');
  });

  it('keeps five secrets working at most', async () => {
    const key = await owner.issueKey(applicationId);
    for (let i = 0; i < 4; i++) await rotate(key, { overlapSeconds: 3600 });
    const sixth = await owner.post(`/apikey/${key.id}/rotate`).send({ overlapSeconds: 3600 });
    expect([sixth.status, sixth.body.code]).toEqual([409, 'too_many_secrets']);
    expect(await verify(app, key.key)).toMatchObject({ valid: true });
    await rotate(key);
    const { body } = await owner.get(`/apikey/${key.id}`).expect(200);
    expect(body.secrets).toHaveLength(1);
  });

  it('lets one of two who rotate at once win: neither ends the other’s secret unseen', async () => {
    const key = await owner.issueKey(applicationId);
    const responses = await Promise.all(
      Array.from({ length: 4 }, () => owner.post(`/apikey/${key.id}/rotate`).send({})),
    );
    const won = responses.filter((response) => response.status === 200);
    const alive = await Promise.all(won.map((response) => verify(app, response.body as string)));
    expect(alive.filter((verdict) => verdict.valid)).toHaveLength(1);
    for (const lost of responses.filter((response) => response.status !== 200)) {
      expect([lost.status, lost.body.code]).toEqual([409, 'edit_conflict']);
    }
  });

  it('fails no verification of either secret under load, on any node, through the whole rotation', async () => {
    const other = await TestApp.start({ database: app.database });
    const key = await owner.issueKey(applicationId);
    const rotations = [
      { overlapSeconds: 3600 },
      { overlapSeconds: 3600, activateOnFirstUse: true },
      { overlapSeconds: 3600 },
    ];
    const secrets = [key.key];
    /** How often each secret was found to be what. */
    const verdicts = new Map<string, number>();
    let running = true;
    const load = [app, other].flatMap((node) =>
      Array.from({ length: 4 }, async () => {
        while (running) {
          for (const [age, secret] of secrets.entries()) {
            const { code, keyId } = await verify(node, secret);
            const verdict = `secret ${age}: ${String(code)} ${keyId === key.id ? '' : String(keyId)}`.trim();
            verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
          }
        }
      }),
    );
    const reached = (verdict: string, times: number): Promise<void> =>
      eventually(() => {
        expect(verdicts.get(verdict)).toBeGreaterThan(times);
      }, 30_000);
    try {
      await reached('secret 0: VALID', 50);
      for (const [count, rotation] of rotations.entries()) {
        secrets.push(await rotate(key, rotation));
        await reached(`secret ${count + 1}: VALID`, 50);
      }
    } finally {
      running = false;
      await Promise.all(load);
      await other.stop();
    }
    expect([...verdicts.keys()].sort()).toEqual([0, 1, 2, 3].map((age) => `secret ${age}: VALID`));
    expect((await owner.get(`/apikey/${key.id}`)).body.secrets).toHaveLength(4);
  }, 60_000);

  it('does not rotate a revoked or an expired key', async () => {
    const revoked = await owner.issueKey(applicationId);
    await owner.delete(`/apikey/${revoked.id}`).expect(204);
    const expired = await owner.issueKey(applicationId);
    await app.query(`UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = $1`, [expired.id]);
    for (const [{ id }, code] of [
      [revoked, 'api_key_revoked'],
      [expired, 'api_key_expired'],
    ] as const) {
      const response = await owner.post(`/apikey/${id}/rotate`).send({ overlapSeconds: 60 });
      expect([response.status, response.body.code]).toEqual([409, code]);
    }
  });

  it.each([
    { overlapSeconds: -1 },
    { overlapSeconds: 2_592_001 },
    { overlapSeconds: 1.5 },
    { overlapSeconds: '60' },
    { overlapSeconds: null },
    { activateOnFirstUse: 1 },
    { nonsense: true },
  ])('refuses %p', async (body) => {
    const key = await owner.issueKey(applicationId);
    const response = await owner.post(`/apikey/${key.id}/rotate`).send(body);
    expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
    expect(await verify(app, key.key)).toMatchObject({ valid: true });
  });

  it('is for the owner only', async () => {
    const key = await owner.issueKey(applicationId);
    const response = await stranger.post(`/apikey/${key.id}/rotate`);
    expect([response.status, response.body.code]).toEqual([403, 'not_application_owner']);
    expect((await owner.post(`/apikey/${UNKNOWN_ID}/rotate`)).status).toBe(404);
  });

  describe('DELETE /apikey/{id}/secrets/{secretId}', () => {
    it('ends one secret now, again and again, and leaves the others', async () => {
      const key = await owner.issueKey(applicationId);
      const secret = await rotate(key, { overlapSeconds: 3600 });
      const { secretId } = await verify(app, key.key);
      for (let i = 0; i < 2; i++) {
        await owner.delete(`/apikey/${key.id}/secrets/${String(secretId)}`).expect(204, '');
        expect(await verify(app, key.key)).toEqual({ valid: false, code: 'REVOKED' });
      }
      expect(await verify(app, secret)).toMatchObject({ valid: true });
    });

    it('ends one whose time the clock of the node takes for over: the database may not', async () => {
      const key = await owner.issueKey(applicationId);
      await rotate(key, { overlapSeconds: 3600 });
      const { secretId } = await verify(app, key.key);
      await app.query(`UPDATE api_key_secrets SET expires_at = now() WHERE id = $1`, [secretId]);
      await owner.delete(`/apikey/${key.id}/secrets/${String(secretId)}`).expect(204);
      expect(await verify(app, key.key)).toEqual({ valid: false, code: 'REVOKED' });
    });

    it('has nothing left to do on a revoked key', async () => {
      const key = await owner.issueKey(applicationId);
      await rotate(key, { overlapSeconds: 3600 });
      const { secretId } = await verify(app, key.key);
      await owner.delete(`/apikey/${key.id}`).expect(204);
      await owner.delete(`/apikey/${key.id}/secrets/${String(secretId)}`).expect(204);
    });

    it('does not end the last one that works, nor one of another key', async () => {
      const [key, other] = [await owner.issueKey(applicationId), await owner.issueKey(applicationId)];
      const { secretId } = await verify(app, key.key);
      const last = await owner.delete(`/apikey/${key.id}/secrets/${String(secretId)}`);
      expect([last.status, last.body.code]).toEqual([409, 'last_secret']);
      const foreign = await owner.delete(`/apikey/${other.id}/secrets/${String(secretId)}`);
      expect([foreign.status, foreign.body.code]).toEqual([404, 'secret_not_found']);
      expect((await owner.delete(`/apikey/${key.id}/secrets/x`)).status).toBe(400);
      expect(await verify(app, key.key)).toMatchObject({ valid: true });
    });
  });
});
