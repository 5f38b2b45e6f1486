import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type request from 'supertest';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

describe('keys, once issued', () => {
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

  describe('GET /apikey/{id}', () => {
    it('shows everything about the key but its secret', async () => {
      const { id, key } = await owner.issueKey(applicationId, { name: 'shown', scopes: ['a'] });
      const response = await owner.get(`/apikey/${id}`).expect(200);
      expect(response.body).toEqual({
        id,
        applicationId,
        name: 'shown',
        environment: 'live',
        hint: `upblit_live_…${key.slice(-4)}`,
        scopes: ['a'],
        status: 'active',
        createdAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
        createdBy: owner.userId,
        expiresAt: null,
        lastUsedAt: null,
        lastUsedFrom: null,
        leakedAt: null,
        leakedFrom: null,
        rotationDueAt: null,
        revokedAt: null,
        revokedBy: null,
        metadata: {},
        externalId: null,
        tags: [],
        ipAllowlist: [],
        rateLimits: [],
        credits: null,
        secrets: [
          {
            id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            hint: `upblit_live_…${key.slice(-4)}`,
            createdAt: response.body.createdAt,
            expiresAt: null,
            overlapSeconds: null,
            lastUsedAt: null,
            lastUsedFrom: null,
          },
        ],
      });
    });
  });

  describe('GET /apikey?ApplicationId=', () => {
    it('pages through all keys, newest first, while others are issued', async () => {
      const fresh = await owner.createApplication();
      const issued: string[] = [];
      for (let i = 0; i < 5; i++) issued.unshift((await owner.issueKey(fresh)).id);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query = cursor === null ? '' : `&cursor=${cursor}`;
        const page = await owner.get(`/apikey?ApplicationId=${fresh}&limit=2${query}`).expect(200);
        expect(page.body.data.length).toBeLessThanOrEqual(2);
        seen.push(...page.body.data.map((key: { id: string }) => key.id));
        cursor = page.body.nextCursor as string | null;
        await owner.issueKey(fresh);
      } while (cursor !== null);
      expect(seen).toEqual(issued);
    });

    it('says that there is no next page on a last page that is full', async () => {
      const fresh = await owner.createApplication();
      for (let i = 0; i < 2; i++) await owner.issueKey(fresh);
      const page = await owner.get(`/apikey?ApplicationId=${fresh}&limit=2`).expect(200);
      expect(page.body.data).toHaveLength(2);
      expect(page.body.nextCursor).toBeNull();
    });

    it('filters by status, each key under exactly the one it shows', async () => {
      const fresh = await owner.createApplication();
      const byStatus: Record<string, string> = {};
      for (const status of ['active', 'disabled', 'expired', 'revoked']) {
        byStatus[status] = (await owner.issueKey(fresh)).id;
      }
      await owner.patch(`/apikey/${byStatus.disabled}`).send({ enabled: false }).expect(200);
      await app.query(`UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1`, [
        byStatus.expired,
      ]);
      await owner.delete(`/apikey/${byStatus.revoked}`).expect(204);
      for (const [status, id] of Object.entries(byStatus)) {
        const list = await owner.get(`/apikey?ApplicationId=${fresh}&status=${status}`).expect(200);
        expect(list.body.data.map((key: { id: string; status: string }) => [key.id, key.status])).toEqual([
          [id, status],
        ]);
      }
      const all = await owner.get(`/apikey?ApplicationId=${fresh}`).expect(200);
      expect(all.body.data).toHaveLength(4);
    });

    it('refuses a cursor of another application or another filter', async () => {
      const fresh = await owner.createApplication();
      for (let i = 0; i < 2; i++) await owner.issueKey(fresh);
      const { body } = await owner.get(`/apikey?ApplicationId=${fresh}&limit=1`).expect(200);
      for (const query of [
        `ApplicationId=${applicationId}`,
        `ApplicationId=${fresh}&status=active`,
        `ApplicationId=${fresh}x`,
      ]) {
        const response = await owner.get(`/apikey?${query}&cursor=${body.nextCursor}`);
        expect(response.status).toBe(400);
      }
      const forged = Buffer.from(`${UNKNOWN_ID} AAAAAAAAAAA`).toString('base64url');
      const response = await owner.get(`/apikey?ApplicationId=${fresh}&cursor=${forged}`);
      expect([response.status, response.body.code]).toEqual([400, 'invalid_cursor']);
    });

    it.each(['limit=0', 'limit=101', 'limit=1.5', 'limit=', 'limit=ten', 'status=gone', 'cursor=', 'q=1'])(
      'refuses %s',
      async (query) => {
        const response = await owner.get(`/apikey?ApplicationId=${applicationId}&${query}`);
        expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
      },
    );
  });

  describe('PATCH /apikey/{id}', () => {
    it('changes what it names and leaves the rest, and verification follows', async () => {
      const { id, key } = await owner.issueKey(applicationId, { scopes: ['a', 'b'], metadata: { a: 1 } });
      const response = await owner
        .patch(`/apikey/${id}`)
        .send({ name: 'new name', scopes: ['b'] })
        .expect(200);
      expect(response.body).toMatchObject({ id, name: 'new name', scopes: ['b'], metadata: { a: 1 } });
      expect(await verify(app, key, { scopes: ['a'] })).toEqual({
        valid: false,
        code: 'INSUFFICIENT_PERMISSIONS',
      });
      expect(await verify(app, key, { scopes: ['b'] })).toMatchObject({ valid: true, name: 'new name' });
    });

    it('disables and enables', async () => {
      const { id, key } = await owner.issueKey(applicationId);
      const disabled = await owner.patch(`/apikey/${id}`).send({ enabled: false }).expect(200);
      expect(disabled.body.status).toBe('disabled');
      expect(await verify(app, key)).toEqual({ valid: false, code: 'DISABLED' });
      const enabled = await owner.patch(`/apikey/${id}`).send({ enabled: true }).expect(200);
      expect(enabled.body.status).toBe('active');
      expect(await verify(app, key)).toMatchObject({ valid: true });
    });

    it('sets and lifts an expiry', async () => {
      const { id } = await owner.issueKey(applicationId, { expiresAt: '2031-01-01T00:00:00Z' });
      const lifted = await owner.patch(`/apikey/${id}`).send({ expiresAt: null }).expect(200);
      expect(lifted.body.expiresAt).toBeNull();
      const set = await owner.patch(`/apikey/${id}`).send({ expiresAt: '2030-01-01T00:00:00Z' }).expect(200);
      expect(set.body.expiresAt).toBe('2030-01-01T00:00:00.000Z');
    });

    it('takes metadata of up to 16 KiB and 8 levels, and no more', async () => {
      const { id, key } = await owner.issueKey(applicationId);
      const change = (metadata: string): request.Test =>
        owner.patch(`/apikey/${id}`).set('Content-Type', 'application/json').send(`{"metadata":${metadata}}`);
      const nested = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
      const ofBytes = (bytes: number): string => JSON.stringify({ a: 'ä'.repeat((bytes - 8) / 2) });
      for (const bad of [
        ofBytes(16_386),
        nested(9),
        '{"__proto__":{"a":1}}',
        '{"a":[{"__proto__":1}]}',
        '{"constructor":1}',
      ]) {
        expect((await change(bad)).status).toBe(400);
      }
      for (const good of [nested(8), ofBytes(16_384), '{"toString":null}']) {
        await change(good).expect(200);
        expect((await verify(app, key)).metadata).toEqual(JSON.parse(good));
      }
    });

    it('does not lose one of two changes made at once', async () => {
      const { id } = await owner.issueKey(applicationId);
      const [first, second] = await Promise.all([
        owner.patch(`/apikey/${id}`).send({ name: 'one' }),
        owner.patch(`/apikey/${id}`).send({ scopes: ['two'] }),
      ]);
      expect([first.status, second.status]).toEqual([200, 200]);
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      expect(body).toMatchObject({ name: 'one', scopes: ['two'] });
    });

    it('does not bring a revoked key back', async () => {
      const { id, key } = await owner.issueKey(applicationId);
      await owner.delete(`/apikey/${id}`).expect(204);
      const response = await owner.patch(`/apikey/${id}`).send({ enabled: true });
      expect([response.status, response.body.code]).toEqual([409, 'api_key_revoked']);
      expect((await verify(app, key)).code).toBe('REVOKED');
    });

    it.each([
      { environment: 'test' },
      { status: 'active' },
      { name: null },
      { enabled: 'false' },
      { enabled: null },
      { scopes: null },
      { metadata: null },
      { expiresAt: '2020-01-01T00:00:00Z' },
    ])('refuses %p', async (body) => {
      const { id } = await owner.issueKey(applicationId);
      const response = await owner.patch(`/apikey/${id}`).send(body);
      expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
    });
  });

  describe('DELETE /apikey/{id}', () => {
    it('revokes for good, again and again, and says when and by whom', async () => {
      const { id, key } = await owner.issueKey(applicationId);
      await owner.delete(`/apikey/${id}`).expect(204, '');
      expect(await verify(app, key)).toEqual({ valid: false, code: 'REVOKED' });
      const first = await owner.get(`/apikey/${id}`).expect(200);
      expect(first.body).toMatchObject({ status: 'revoked', revokedBy: owner.userId });
      await owner.delete(`/apikey/${id}`).expect(204, '');
      const again = await owner.get(`/apikey/${id}`).expect(200);
      expect(again.body.revokedAt).toBe(first.body.revokedAt);
    });

    it('leaves every other key alone', async () => {
      const [gone, stays] = [await owner.issueKey(applicationId), await owner.issueKey(applicationId)];
      await owner.delete(`/apikey/${gone.id}`).expect(204);
      expect(await verify(app, stays.key)).toMatchObject({ valid: true, keyId: stays.id });
    });

    it('does not revoke for somebody else', async () => {
      const { id, key } = await owner.issueKey(applicationId);
      const response = await stranger.delete(`/apikey/${id}`);
      expect([response.status, response.body.code]).toEqual([403, 'not_application_owner']);
      expect(await verify(app, key)).toMatchObject({ valid: true });
    });
  });
});
