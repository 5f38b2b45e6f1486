import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import request from 'supertest';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';
import { TestApp } from '../support/test-app.js';

interface Bucket {
  start: string;
  counts: Record<string, number>;
}

const NONE = {
  VALID: 0,
  NOT_FOUND: 0,
  REVOKED: 0,
  DISABLED: 0,
  EXPIRED: 0,
  FORBIDDEN: 0,
  INSUFFICIENT_PERMISSIONS: 0,
  RATE_LIMITED: 0,
  USAGE_EXCEEDED: 0,
};

describe('usage', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let key: CreatedKey;

  beforeAll(async () => {
    app = await TestApp.start({ env: { USAGE_FLUSH_MS: '20' } });
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    key = await owner.issueKey(applicationId);
  });

  async function usageOf(path: string, counts: Partial<typeof NONE>): Promise<Record<string, unknown>> {
    return eventually(async () => {
      const { body } = await owner.get(path).expect(200);
      expect(body.counts).toEqual({ ...NONE, ...counts });
      return body as Record<string, unknown>;
    });
  }

  it('counts every verdict of a key, whichever door it came through', async () => {
    await verify(app, key.key);
    await verify(app, key.key, { scopes: ['a:b'] });
    await verify(app, key.key, { applicationId: await owner.createApplication() });
    await request(app.http).get('/apikey/verify').set(AS_GATEWAY).set('x-api-key', key.key).expect(200);
    await request(app.http)
      .post('/apikey/verify/batch')
      .set(AS_SERVICE)
      .send({ keys: [{ key: key.key }, { key: key.key, scopes: ['a:b'] }, { key: 'none of ours' }] })
      .expect(200);
    await owner.patch(`/apikey/${key.id}`).send({ enabled: false }).expect(200);
    await verify(app, key.key);
    await owner.delete(`/apikey/${key.id}`).expect(204);
    await verify(app, key.key);
    const counts = { VALID: 3, INSUFFICIENT_PERMISSIONS: 2, NOT_FOUND: 1, DISABLED: 1, REVOKED: 1 };
    const ofKey = await usageOf(`/apikey/${key.id}/usage`, counts);
    expect(ofKey).toMatchObject({ keyId: key.id, applicationId, granularity: 'day' });
    await usageOf(`/applications/${applicationId}/usage`, counts);
  });

  it('says zero for every hour or day without any, and ends with the one that it is', async () => {
    await verify(app, key.key);
    await usageOf(`/apikey/${key.id}/usage`, { VALID: 1 });
    for (const [granularity, size, length] of [
      ['hour', 3600_000, 24],
      ['day', 24 * 3600_000, 30],
    ] as const) {
      const path = `/apikey/${key.id}/usage?granularity=${granularity}`;
      const { from, to, buckets } = (await usageOf(path, { VALID: 1 })) as {
        from: string;
        to: string;
        buckets: Bucket[];
      };
      expect(buckets.map(({ start }) => Date.parse(start))).toEqual(
        Array.from({ length }, (_, i) => Date.parse(from) + i * size),
      );
      expect(Date.parse(to)).toBe(Date.parse(from) + length * size);
      const used = buckets.filter(({ counts }) => counts.VALID !== 0);
      expect(used).toHaveLength(1);
      // The hour, or the day, may end between the verification and the question.
      expect(buckets.slice(-2)).toContain(used[0]);
      expect(buckets[0]!.counts).toEqual(NONE);
    }
  });

  it('tells an application by key, customer and tag, the largest first', async () => {
    const [a, b] = [
      await owner.issueKey(applicationId, { name: 'a', externalId: 'customer-1', tags: ['eu', 'batch'] }),
      await owner.issueKey(applicationId, { name: 'b', externalId: 'customer-2', tags: ['eu'] }),
    ];
    for (const { key: one } of [a, a, a, b, b, key]) await verify(app, one);
    await verify(app, a.key, { scopes: ['x'] });
    const path = `/applications/${applicationId}/usage`;
    await usageOf(path, { VALID: 6, INSUFFICIENT_PERMISSIONS: 1 });
    const groups = async (query: string): Promise<unknown[]> => {
      const { body } = await owner.get(`${path}?${query}`).expect(200);
      return (body.groups as { value: unknown; name: unknown; counts: typeof NONE }[]).map(
        ({ value, name, counts }) => [value, name, counts.VALID, counts.INSUFFICIENT_PERMISSIONS],
      );
    };
    const named = `Key of ${new Date().toISOString().slice(0, 10)}`;
    expect(await groups('groupBy=key')).toEqual([
      [a.id, 'a', 3, 1],
      [b.id, 'b', 2, 0],
      [key.id, expect.stringContaining(named.slice(0, 8)), 1, 0],
    ]);
    expect(await groups('limit=1')).toEqual([[a.id, 'a', 3, 1]]);
    expect(await groups('groupBy=externalId')).toEqual([
      ['customer-1', null, 3, 1],
      ['customer-2', null, 2, 0],
      [null, null, 1, 0],
    ]);
    expect(await groups('groupBy=tag')).toEqual([
      ['eu', null, 5, 1],
      ['batch', null, 3, 1],
      [null, null, 1, 0],
    ]);
  });

  it('of an application still counts keys that were deleted, and counts nobody else’s', async () => {
    const another = await owner.createApplication();
    const other = await owner.issueKey(another);
    await verify(app, other.key);
    await verify(app, key.key);
    await usageOf(`/applications/${applicationId}/usage`, { VALID: 1 });
    await app.query('DELETE FROM api_keys WHERE id = $1', [key.id]);
    const { groups } = await usageOf(`/applications/${applicationId}/usage`, { VALID: 1 });
    expect(groups).toEqual([{ value: key.id, name: null, counts: { ...NONE, VALID: 1 } }]);
    await usageOf(`/applications/${another}/usage`, { VALID: 1 });
  });

  it('is told of many keys by the day in one call, and of none of another application', async () => {
    const [second, unused] = [await owner.issueKey(applicationId), await owner.issueKey(applicationId)];
    const another = await owner.createApplication();
    const other = await owner.issueKey(another);
    for (const one of [key, key, second, other]) await verify(app, one.key);
    await verify(app, second.key, { scopes: ['a:b'] });
    await usageOf(`/applications/${another}/usage`, { VALID: 1 });
    await usageOf(`/applications/${applicationId}/usage`, { VALID: 3, INSUFFICIENT_PERMISSIONS: 1 });

    const ids = [key, second, unused, other].map(({ id }) => id.toUpperCase()).join();
    const path = `/applications/${applicationId}/usage/keys`;
    const { body } = await owner.get(`${path}?ids=${ids}`).expect(200);
    const days = (today: number): number[] => [...Array<number>(29).fill(0), today];
    expect(body.keys).toHaveLength(2);
    expect(body.keys).toEqual(
      expect.arrayContaining([
        { keyId: key.id, valid: days(2), refused: days(0) },
        { keyId: second.id, valid: days(1), refused: days(1) },
      ]),
    );
    expect(Date.parse(body.to as string) - Date.parse(body.from as string)).toBe(30 * 86_400_000);
  });

  it('is told of a hundred keys at most, each once', async () => {
    const path = `/applications/${applicationId}/usage/keys`;
    const ids = Array.from({ length: 101 }, () => randomUUID());
    await owner.get(`${path}?ids=${ids.slice(1).join()}`).expect(200);
    for (const bad of [ids.join(), '', 'a', `${key.id},`, `${key.id},${key.id}`]) {
      const { body } = await owner.get(`${path}?ids=${bad}`).expect(400);
      expect(body.errors[0].field).toMatch(/^ids/);
    }
    await owner.get(path).expect(400);
  });

  it('says when a key was last used, and from where', async () => {
    const lastUse = async (): Promise<unknown> => {
      const { body } = await owner.get(`/apikey/${key.id}`).expect(200);
      return [body.lastUsedAt === null ? null : 'used', body.lastUsedFrom];
    };
    expect(await lastUse()).toEqual([null, null]);
    await verify(app, key.key, { ip: '192.0.2.7' });
    await eventually(async () => {
      expect(await lastUse()).toEqual(['used', '192.0.2.7']);
    });
    // A refusal is no use.
    await verify(app, key.key, { ip: '192.0.2.8', scopes: ['a'] });
    await usageOf(`/apikey/${key.id}/usage`, { VALID: 1, INSUFFICIENT_PERMISSIONS: 1 });
    expect(await lastUse()).toEqual(['used', '192.0.2.7']);
    await verify(app, key.key);
    await eventually(async () => {
      expect(await lastUse()).toEqual(['used', null]);
    });
  });

  it('says the same of a service key', async () => {
    const service = await owner.issueServiceKey(applicationId);
    await request(app.http)
      .post('/apikey/verify')
      .set('Authorization', `Bearer ${service.key}`)
      .send({ key: key.key })
      .expect(200);
    await eventually(async () => {
      const { body } = await owner
        .get(`/applications/${applicationId}/service-keys/${service.id}`)
        .expect(200);
      expect(body.lastUsedFrom).toBe('127.0.0.1');
    });
  });

  it.each([
    'from=2026-02-30T00:00:00Z',
    'from=yesterday',
    'from=2026-05-27',
    'from=',
    'to=',
    'from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z',
    'from=1920-01-01T00:00:00Z&to=2020-01-01T00:00:00Z',
    'from=2090-01-01T00:00:00Z&to=2090-01-02T00:00:00Z',
    'to=2090-01-02T00:00:00Z',
    'from=0000-01-01T00:00:00Z&to=0000-01-01T00:00:00Z',
    'from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z&granularity=hour',
    'granularity=minute',
    'granularity=HOUR',
    'granularity=',
    'granularity=hour&granularity=day',
    'unknown=1',
    "from=2020-01-01T00:00:00Z'--",
  ])('refuses %s with 400', async (query) => {
    for (const path of [`/apikey/${key.id}/usage`, `/applications/${applicationId}/usage`]) {
      const { status, body } = await owner.get(`${path}?${query}`);
      expect([status, body.code]).toEqual([400, 'validation_failed']);
    }
  });

  it.each(['groupBy=verdict', 'groupBy=', 'limit=0', 'limit=101', 'limit=x', 'groupBy=key&groupBy=tag'])(
    'of an application refuses %s with 400',
    async (query) => {
      await owner.get(`/applications/${applicationId}/usage?${query}`).expect(400);
    },
  );

  it('is nothing before a year that nobody knows', async () => {
    const path = `/apikey/${key.id}/usage?from=0001-01-01T00:00:00Z&to=0001-01-03T00:00:00Z`;
    const { body } = await owner.get(path).expect(200);
    expect(body.buckets).toHaveLength(2);
  });

  it('is for members who may read keys, and for nobody else', async () => {
    const stranger = await Client.signedIn(app);
    const narrow = await Client.signedIn(app, { scope: 'applications:read' });
    for (const path of [`/apikey/${key.id}/usage`, `/applications/${applicationId}/usage`]) {
      await request(app.http).get(path).expect(401);
      expect((await stranger.get(path).expect(403)).body.code).toBe('not_application_owner');
      expect((await narrow.get(path).expect(403)).body.code).toBe('insufficient_scope');
    }
  });
});
