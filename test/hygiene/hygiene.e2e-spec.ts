import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FINDING_NAMES } from '../../src/modules/hygiene/domain/finding.js';
import { brokenRules, type KeyPolicy } from '../../src/modules/applications/index.js';
import { Client } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

interface FoundKey {
  id: string;
  name: string;
  isServiceKey: boolean;
  brokenRules: string[];
  rotationDueAt: string | null;
  link?: string;
}

interface ListedKey {
  id: string;
  scopes: string[];
  ipAllowlist: string[];
  createdAt: string;
  expiresAt: string | null;
}

interface Finding {
  finding: string;
  advice: string;
  owasp: { id: string; name: string } | null;
  count: number;
  keys: FoundKey[];
  link: string;
}

const DAY_MS = 86_400_000;

const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

describe('the hygiene of an application', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let path: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    path = `/applications/${applicationId}/hygiene`;
  });

  /** A key that nothing is to be said of. */
  async function good(settings: object = {}, by = owner): Promise<string> {
    const { id } = await by.issueKey(applicationId, { expiresAt: inDays(200), ...settings });
    await usedBefore(id, 0);
    return id;
  }

  async function usedBefore(id: string, days: number): Promise<void> {
    await app.query(
      `INSERT INTO api_key_usage (api_key_id, last_used_at) VALUES ($1, now() - make_interval(days => $2))
       ON CONFLICT (api_key_id) DO UPDATE SET last_used_at = excluded.last_used_at`,
      [id, days],
    );
  }

  async function madeBefore(id: string, days: number): Promise<void> {
    const values = [id, days];
    await app.query(
      'UPDATE api_keys SET created_at = now() - make_interval(days => $2) WHERE id = $1',
      values,
    );
    await app.query(
      'UPDATE api_key_secrets SET created_at = now() - make_interval(days => $2) WHERE api_key_id = $1',
      values,
    );
  }

  async function demand(policy: object): Promise<{ count: number; keys: FoundKey[] }> {
    const { body } = await owner.patch(`/applications/${applicationId}/policy`).send(policy).expect(200);
    return body.violations as { count: number; keys: FoundKey[] };
  }

  async function findings(): Promise<Finding[]> {
    return (await owner.get(path).expect(200)).body.findings as Finding[];
  }

  /** The ids of the keys by finding, as the summary and each of the lists have it. */
  async function found(): Promise<Record<string, string[]>> {
    const summary = Object.fromEntries(
      (await findings()).map(({ finding, keys, count }) => {
        expect(count).toBe(keys.length);
        return [finding, keys.map(({ id }) => id)];
      }),
    );
    for (const finding of FINDING_NAMES) {
      const { body } = await owner.get(`${path}/${finding}`).expect(200);
      const ids = (body.data as FoundKey[]).map(({ id }) => id);
      expect([finding, ids]).toEqual([finding, summary[finding] ?? []]);
    }
    return summary;
  }

  it('has nothing to say of a key that is new, expires and is used', async () => {
    await good({ scopes: ['orders:read'] });
    await good({ scopes: [] });
    expect((await owner.get(path).expect(200)).body).toEqual({
      keys: 2,
      isPartial: false,
      findings: [],
      webhookFindings: [],
    });
    expect(await found()).toEqual({});
  });

  it('finds each of what may be wrong with a key, and nothing else wrong with it', async () => {
    await demand({ rotateEvery: 60 });
    const ids: Record<string, string> = {
      never_expires: await good({ expiresAt: null }),
      expiring: await good({ expiresAt: inDays(13) }),
      broad_scopes: await good({ scopes: ['orders:read', 'orders:*'] }),
      unused: await good(),
      never_used: (await owner.issueKey(applicationId, { expiresAt: inDays(200) })).id,
      old_secret: await good(),
      rotation_due: await good(),
    };
    await good({ expiresAt: inDays(15) });
    await usedBefore(ids.unused!, 91);
    await usedBefore(await good(), 89);
    await madeBefore(ids.never_used!, 8);
    await owner.post(`/apikey/${ids.old_secret!}/rotate`).send({ overlapSeconds: 3600 }).expect(200);
    await madeBefore(ids.rotation_due!, 61);
    await madeBefore(await good(), 59);
    const leaver = await Client.signedIn(app);
    await owner.takeIn(applicationId, leaver, 'admin');
    ids.creator_not_member = await good({}, leaver);
    await owner.delete(`/applications/${applicationId}/members/${leaver.userId}`).expect(204);
    const machine = await owner.issueServiceKey(applicationId, {
      name: 'a machine',
      scopes: ['apikeys:write'],
      expiresAt: inDays(200),
    });
    await usedBefore(machine.id, 0);
    await good({}, new Client(app, { accessToken: machine.key, user: { id: '' } }));
    expect(await found()).toEqual(Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, [id]])));
    ids.policy_violation = await good({ scopes: ['refunds:write'] });
    await demand({ allowedScopes: ['orders:*'] });
    expect(await found()).toMatchObject({ policy_violation: [ids.policy_violation] });
  });

  it('says nothing of keys that do not work, and of the service keys what there is to say', async () => {
    const revoked = await good({ expiresAt: null });
    const disabled = await good({ expiresAt: null });
    const expired = await good();
    await owner.delete(`/apikey/${revoked}`).expect(204);
    await owner.patch(`/apikey/${disabled}`).send({ enabled: false }).expect(200);
    await app.query("UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = $1", [expired]);
    const machine = await owner.issueServiceKey(applicationId);
    await demand({ allowedScopes: [] });
    expect(await found()).toEqual({ never_expires: [machine.id] });
    const [{ keys }] = (await findings()) as [Finding];
    expect(keys[0]).toMatchObject({ isServiceKey: true, name: 'a machine' });
    expect(keys[0]).not.toHaveProperty('link');
  });

  it('says of each finding what to do, where to see it, and its entry of the OWASP list', async () => {
    const id = await good({ expiresAt: null, name: 'for ever' });
    const [finding] = await findings();
    expect(finding).toMatchObject({
      finding: 'never_expires',
      owasp: { id: 'NHI7:2025', name: 'Long-Lived Secrets' },
      link: `/dashboard/applications/${applicationId}/hygiene?finding=never_expires`,
      keys: [{ id, name: 'for ever' }],
    });
    expect(finding!.advice).not.toBe('');
    const link = new URL(finding!.keys[0]!.link!, 'http://localhost');
    const { body } = await owner.get(`/apikey/${id}`).expect(200);
    expect(link.searchParams.get('q')).toBe(body.hint);
  });

  it('names five keys of a finding, counts all, and lists them a page at a time', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.unshift(await good({ expiresAt: null }));
    const [finding] = await findings();
    expect(finding).toMatchObject({ finding: 'never_expires', count: 7 });
    expect(finding!.keys.map(({ id }) => id)).toEqual(ids.slice(0, 5));
    const listed: string[] = [];
    for (let query = '?limit=3'; query !== '';) {
      const { body } = await owner.get(`${path}/never_expires${query}`).expect(200);
      listed.push(...(body.data as FoundKey[]).map(({ id }) => id));
      query = body.nextCursor === null ? '' : `?limit=3&cursor=${body.nextCursor as string}`;
    }
    expect(listed).toEqual(ids);
    const { body } = await owner.get(`${path}/never_expires?limit=3`).expect(200);
    const other = await owner.get(`${path}/unused?cursor=${body.nextCursor as string}`).expect(400);
    expect(other.body.code).toBe('invalid_cursor');
    expect((await owner.get(`${path}/Never_Expires`).expect(400)).body.errors[0].field).toBe('finding');
    expect((await owner.get(`${path}?limit=3`).expect(400)).body.code).toBe('validation_failed');
  });

  it('answers a stricter policy with the keys that break it, by the same judgement that refuses keys', async () => {
    const shapes = [
      {},
      { expiresAt: null },
      { scopes: ['a'] },
      { scopes: ['a:b', 'a:*'] },
      { scopes: ['*'] },
      { scopes: ['a:*', 'b'] },
      { ipAllowlist: ['192.0.2.0/24'], scopes: ['a', 'b'] },
      { expiresAt: inDays(30), scopes: ['b:c'] },
      { expiresAt: inDays(29) },
    ];
    for (const shape of shapes) await good(shape);
    const { body } = await owner.get(`/apikey?ApplicationId=${applicationId}`).expect(200);
    const keys = (body.data as ListedKey[]).map((key) => ({
      ...key,
      createdAt: new Date(key.createdAt),
      expiresAt: key.expiresAt === null ? null : new Date(key.expiresAt),
    }));
    const policies = [
      { maxLifetime: 30 },
      { maxLifetime: 29, requireExpiry: true },
      { requireIpAllowlist: true },
      { allowedScopes: [] },
      { allowedScopes: ['a:*'] },
      { allowedScopes: ['a', 'b:*', 'a:*'] },
      { allowedScopes: ['*'] },
      { maxLifetime: 1, requireExpiry: true, requireIpAllowlist: true, allowedScopes: ['b'] },
    ];
    for (const policy of policies) {
      const nothing = {
        maxLifetime: null,
        requireExpiry: false,
        requireIpAllowlist: false,
        allowedScopes: null,
      };
      const full = { ...nothing, rotateEvery: null, onLeak: 'revoke', ...policy } as KeyPolicy;
      const { violations } = (
        await owner.patch(`/applications/${applicationId}/policy`).send(full).expect(200)
      ).body;
      const expected = keys
        .map((key) => [key.id, brokenRules(full, key)])
        .filter(([, rules]) => rules!.length > 0);
      expect([policy, violations.keys.map((key: FoundKey) => [key.id, key.brokenRules])]).toEqual([
        policy,
        expected,
      ]);
      expect(violations.count).toBe(expected.length);
    }
  });

  it('names the webhooks whose makers have left, to whom webhooks are listed', async () => {
    const leaver = await Client.signedIn(app);
    const viewer = await Client.signedIn(app);
    await owner.takeIn(applicationId, leaver, 'admin');
    await owner.takeIn(applicationId, viewer, 'viewer');
    const create = async (by: Client): Promise<string> => {
      const { body } = await by
        .post(`/applications/${applicationId}/webhooks`)
        .send({ url: 'https://hooks.example.com/x', description: 'mine' })
        .expect(201);
      expect(body.createdBy).toBe(by.userId);
      return body.id as string;
    };
    await create(owner);
    const id = await create(leaver);
    await leaver.put(`/applications/${applicationId}/notifications`).send({ mail: true }).expect(200);
    const of = async (who: Client): Promise<unknown> =>
      (await who.get(path).expect(200)).body.webhookFindings;
    expect(await of(owner)).toEqual([]);
    await owner.delete(`/applications/${applicationId}/members/${leaver.userId}?revokeKeys=true`).expect(200);
    expect(await of(owner)).toMatchObject([
      {
        finding: 'creator_not_member',
        owasp: { id: 'NHI1:2025' },
        webhooks: [{ id, url: 'https://hooks.example.com/x', description: 'mine' }],
        link: `/dashboard/applications/${applicationId}/webhooks`,
      },
    ]);
    expect(await of(viewer)).toEqual([]);
    const webhook = `/applications/${applicationId}/webhooks/${id}`;
    expect((await owner.get(webhook).expect(200)).body).toMatchObject({
      enabled: true,
      createdBy: leaver.userId,
    });
    await owner.patch(webhook).send({ enabled: false }).expect(200);
    expect(await of(owner)).toEqual([]);
  });

  it('says nothing of service keys to whom they are not listed', async () => {
    const machine = await owner.issueServiceKey(applicationId, {
      name: 'a reader',
      scopes: ['apikeys:read'],
    });
    const id = await good({ expiresAt: null });
    const [viewer, admin] = [await Client.signedIn(app), await Client.signedIn(app)];
    await owner.takeIn(applicationId, viewer, 'viewer');
    await owner.takeIn(applicationId, admin, 'admin');
    const byMachine = new Client(app, { accessToken: machine.key, user: { id: '' } });
    for (const [who, ids] of [
      [owner, [id, machine.id]],
      [admin, [id, machine.id]],
      [viewer, [id]],
      [byMachine, [id]],
    ] as const) {
      const { body } = await who.get(path).expect(200);
      expect([body.keys, body.findings[0]]).toMatchObject([ids.length, { count: ids.length }]);
      const { body: list } = await who.get(`${path}/never_expires`).expect(200);
      expect((list.data as FoundKey[]).map((key) => key.id)).toEqual(ids);
    }
  });

  it('shows nothing of another application, and nothing to somebody without a part in it', async () => {
    const id = await good({ expiresAt: null });
    const stranger = await Client.signedIn(app);
    const theirs = await stranger.createApplication();
    await stranger.issueKey(theirs);
    const answer = await stranger.get(`/applications/${theirs}/hygiene/never_expires`).expect(200);
    expect(JSON.stringify(answer.body)).not.toContain(id);
    expect((await stranger.get(path).expect(403)).body.code).toBe('not_application_owner');
  });
});
