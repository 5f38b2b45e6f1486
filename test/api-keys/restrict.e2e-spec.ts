import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { Client, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

const FORBIDDEN = { valid: false, code: 'FORBIDDEN' };

describe('what restricts and describes a key', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start({ env: { TRUST_PROXY: '127.0.0.1' } });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
  });
  afterAll(() => app.stop());

  describe('addresses', () => {
    it('keep a key from being used anywhere else, also when nobody knows where', async () => {
      const { key } = await owner.issueKey(applicationId, { ipAllowlist: ['192.0.2.0/24', '2001:db8::/32'] });
      for (const ip of ['192.0.2.7', '2001:db8::7', '::ffff:192.0.2.7']) {
        expect(await verify(app, key, { ip })).toMatchObject({ valid: true });
      }
      for (const ip of ['192.0.3.7', '2001:db9::7', '::ffff:192.0.3.7']) {
        expect(await verify(app, key, { ip })).toEqual(FORBIDDEN);
      }
      expect(await verify(app, key)).toEqual(FORBIDDEN);
    });

    it('are those of the client behind a trusted proxy, for a gateway', async () => {
      const { key } = await owner.issueKey(applicationId, { ipAllowlist: ['192.0.2.0/24'] });
      const ask = (from: string): request.Test =>
        request(app.http)
          .get('/apikey/verify')
          .set(AS_GATEWAY)
          .set({ 'x-api-key': key, 'x-forwarded-for': from });
      expect((await ask('192.0.2.7')).status).toBe(200);
      const refused = await ask('192.0.3.7');
      expect([refused.status, refused.body.code]).toEqual([403, 'address_not_allowed']);
      // What the client put there itself stands to the left of what the proxy saw.
      expect((await ask('192.0.2.7, 192.0.3.7')).status).toBe(403);
    });

    it('are kept in one form, each once', async () => {
      const { id } = await owner.issueKey(applicationId, {
        ipAllowlist: ['192.0.2.7', '192.0.2.7/32', '2001:DB8:0::/32', '::ffff:198.51.100.0/120'],
      });
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      expect(body.ipAllowlist).toEqual(['192.0.2.7/32', '2001:db8::/32', '198.51.100.0/24']);
    });

    it('can be lifted', async () => {
      const { id, key } = await owner.issueKey(applicationId, { ipAllowlist: ['192.0.2.0/24'] });
      await owner.patch(`/apikey/${id}`).send({ ipAllowlist: [] }).expect(200);
      expect(await verify(app, key)).toMatchObject({ valid: true });
    });

    it.each([
      '10.0.0.1/8',
      '2001:db8::1/32',
      '0.0.0.0/0',
      '::/0',
      '::ffff:0:0/96',
      'fe80::1%eth0',
      '192.0.2.0/33',
      '192.0.2.0/-1',
      '192.0.2.0/024',
      '192.0.2.0/24/24',
      '192.0.2',
      '0x7f.1',
      '010.0.0.1',
      '',
      'localhost',
      7,
      null,
    ])('are not %p', async (range) => {
      const response = await owner
        .post(`/apikey?ApplicationId=${applicationId}`)
        .send({ ipAllowlist: [range] });
      expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
    });

    it('are a hundred at most', async () => {
      const ranges = Array.from({ length: 101 }, (_, i) => `192.0.2.${i}`);
      const issue = (ipAllowlist: string[]): request.Test =>
        owner.post(`/apikey?ApplicationId=${applicationId}`).send({ ipAllowlist });
      expect((await issue(ranges)).status).toBe(400);
      expect((await issue(ranges.slice(1))).status).toBe(200);
    });

    it.each(['192.0.2', 'fe80::1%eth0', '', 'localhost'])(
      'are refused when asked about as %p',
      async (ip) => {
        const response = await request(app.http)
          .post('/apikey/verify')
          .set(AS_SERVICE)
          .send({ key: 'a', ip });
        expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
      },
    );
  });

  describe('scopes that an application declares', () => {
    it('are the only ones its keys may have, however these come to be', async () => {
      const id = await owner.createApplication({
        name: 'declared',
        scopes: ['telemetry:read', 'telemetry:write'],
      });
      const issued = await owner.issueKey(id, { scopes: ['telemetry:*'] });
      const undeclared = { scopes: ['telemetry:read', 'billing'] };
      const sha256 = 'ab'.repeat(32);
      const refused = await Promise.all([
        owner.post(`/apikey?ApplicationId=${id}`).send(undeclared),
        owner.patch(`/apikey/${issued.id}`).send(undeclared),
        owner.post(`/apikey/import?ApplicationId=${id}`).send({ keys: [{ sha256, ...undeclared }] }),
      ]);
      for (const { status, body } of refused) {
        expect([status, body.code, body.errors[0].field]).toEqual([400, 'validation_failed', 'scopes']);
      }
      await owner.patch(`/applications/${id}`).send({ scopes: null }).expect(200);
      await owner.patch(`/apikey/${issued.id}`).send(undeclared).expect(200);
    });

    it.each([{ scopes: 'a' }, { scopes: ['a b'] }, { scopes: ['a', 'a'] }])('are not %p', async (body) => {
      const response = await owner.post('/applications').send({ name: 'declared', ...body });
      expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
    });
  });

  describe('customers and tags', () => {
    it('come back with the key, and customers with its verification', async () => {
      const { id, key } = await owner.issueKey(applicationId, {
        externalId: 'customer-42',
        tags: ['eu', 'batch'],
      });
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      expect(body).toMatchObject({ externalId: 'customer-42', tags: ['eu', 'batch'] });
      expect(await verify(app, key)).toMatchObject({ valid: true, externalId: 'customer-42' });
    });

    it('find keys, together with the other filters, page by page', async () => {
      const fresh = await owner.createApplication();
      const ids: string[] = [];
      for (const body of [
        { externalId: 'a', tags: ['x'] },
        { externalId: 'a', tags: ['y'] },
        { externalId: 'b', tags: ['x', 'y'] },
        {},
      ]) {
        ids.push((await owner.issueKey(fresh, body)).id);
      }
      const list = async (query: string): Promise<number[]> => {
        const { body } = await owner.get(`/apikey?ApplicationId=${fresh}&${query}`).expect(200);
        return body.data.map((key: { id: string }) => ids.indexOf(key.id));
      };
      expect(await list('externalId=a')).toEqual([1, 0]);
      expect(await list('tag=x')).toEqual([2, 0]);
      expect(await list('externalId=a&tag=x&status=active')).toEqual([0]);
      expect(await list('externalId=c')).toEqual([]);
      const page = await owner.get(`/apikey?ApplicationId=${fresh}&externalId=a&limit=1`).expect(200);
      for (const filter of ['externalId=b', 'tag=a', 'externalId=a&tag=x', 'externalId=a&status=active']) {
        const other = `/apikey?ApplicationId=${fresh}&${filter}&cursor=${page.body.nextCursor}`;
        expect([filter, (await owner.get(other)).body.code]).toEqual([filter, 'invalid_cursor']);
      }
    });

    it.each([
      { externalId: '' },
      { externalId: 'x'.repeat(256) },
      { externalId: 7 },
      { tags: 'eu' },
      { tags: [''] },
      { tags: ['x'.repeat(51)] },
      { tags: ['eu', 'eu'] },
      { tags: Array.from({ length: 51 }, (_, i) => `t${i}`) },
    ])('are not %p', async (body) => {
      const response = await owner.post(`/apikey?ApplicationId=${applicationId}`).send(body);
      expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
    });
  });
});
