import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { Client as PgClient } from 'pg';
import { membersLock } from '../../src/modules/applications/index.js';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { directUrlOf } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const DAY_MS = 86_400_000;

const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

describe('what a policy demands', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    owner = await Client.signedIn(app);
  });
  afterAll(() => app.stop());
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    // Whose keys have been counted: the next one is issued in the statement that keys share.
    await owner.issueKey(applicationId);
  });

  async function demand(policy: object): Promise<void> {
    await owner.patch(`/applications/${applicationId}/policy`).send(policy).expect(200);
  }

  const issue = (body: object, as = owner, headers: Record<string, string> = {}) =>
    as.post(`/apikey?ApplicationId=${applicationId}`).set(headers).send(body);

  async function countKeys(): Promise<number> {
    const [row] = (await app.query('SELECT count(*)::int AS keys FROM api_keys WHERE application_id = $1', [
      applicationId,
    ])) as { keys: number }[];
    return row!.keys;
  }

  function expectViolation(answer: Response, rule: string, field: string): void {
    expect([answer.status, answer.body.code]).toEqual([403, 'policy_violation']);
    expect(answer.body.detail).toContain(rule);
    expect(answer.body.errors).toContainEqual({ field, message: expect.stringContaining(rule) });
  }

  const RULES = [
    {
      rule: 'maxLifetime',
      policy: { maxLifetime: 30 },
      field: 'expiresAt',
      bad: { expiresAt: inDays(31) },
      good: { expiresAt: inDays(29) },
    },
    {
      rule: 'maxLifetime',
      policy: { maxLifetime: 30 },
      field: 'expiresAt',
      bad: {},
      good: { expiresAt: inDays(1) },
    },
    {
      rule: 'requireExpiry',
      policy: { requireExpiry: true },
      field: 'expiresAt',
      bad: { expiresAt: null },
      good: { expiresAt: inDays(900) },
    },
    {
      rule: 'requireIpAllowlist',
      policy: { requireIpAllowlist: true },
      field: 'ipAllowlist',
      bad: { ipAllowlist: [] },
      good: { ipAllowlist: ['192.0.2.0/24'] },
    },
    {
      rule: 'allowedScopes',
      policy: { allowedScopes: ['a:*'] },
      field: 'scopes',
      bad: { scopes: ['a:read', 'b'] },
      good: { scopes: ['a:read'] },
    },
  ];

  it('is obeyed by keys that are issued, whichever way they are', async () => {
    for (const { rule, policy, field, bad, good } of RULES) {
      applicationId = await owner.createApplication();
      await owner.issueKey(applicationId);
      await demand(policy);
      expectViolation(await issue(bad), rule, field);
      expectViolation(await issue({ ...bad, credits: { remaining: 1 } }), rule, field);
      expect(await countKeys()).toBe(1);
      await issue(good).expect(200);
      await issue({ ...good, credits: { remaining: 1 } }).expect(200);
    }
  });

  it('keeps no answer of what it refuses: the same call passes once it is allowed', async () => {
    await demand({ requireExpiry: true });
    const headers = { 'idempotency-key': randomUUID() };
    expectViolation(await issue({ name: 'a' }, owner, headers), 'requireExpiry', 'expiresAt');
    await demand({ requireExpiry: false });
    await issue({ name: 'a' }, owner, headers).expect(200);
  });

  it('binds service keys that issue keys, and service keys themselves but for their scopes', async () => {
    const machine = await owner.issueServiceKey(applicationId, {
      name: 'a machine',
      scopes: ['apikeys:write'],
    });
    await demand({ maxLifetime: 30, allowedScopes: ['a'] });
    const client = new Client(app, { accessToken: machine.key, user: { id: '' } });
    expectViolation(await issue({}, client), 'maxLifetime', 'expiresAt');
    const serviceKeys = `/applications/${applicationId}/service-keys`;
    const settings = { name: 'another', scopes: ['keys:verify'] };
    expectViolation(await owner.post(serviceKeys).send(settings), 'maxLifetime', 'expiresAt');
    await owner
      .post(serviceKeys)
      .send({ ...settings, expiresAt: inDays(20) })
      .expect(200);
    const path = `${serviceKeys}/${machine.id}`;
    await owner
      .patch(path)
      .send({ expiresAt: inDays(300) })
      .expect(200);
    expectViolation(await owner.patch(path).send({ expiresAt: null }), 'maxLifetime', 'expiresAt');
  });

  it('is obeyed by changes, of which those that make a key safer are never refused', async () => {
    const { id, key } = await owner.issueKey(applicationId, {
      scopes: ['a', 'b', 'c'],
      expiresAt: inDays(400),
      ipAllowlist: ['192.0.2.0/24'],
    });
    await demand({ maxLifetime: 30, requireIpAllowlist: true, allowedScopes: ['a'] });
    const path = `/apikey/${id}`;
    const before = (await owner.get(path).expect(200)).body;

    expectViolation(await owner.patch(path).send({ expiresAt: inDays(401) }), 'maxLifetime', 'expiresAt');
    expectViolation(await owner.patch(path).send({ expiresAt: null }), 'maxLifetime', 'expiresAt');
    expectViolation(await owner.patch(path).send({ ipAllowlist: [] }), 'requireIpAllowlist', 'ipAllowlist');
    expectViolation(await owner.patch(path).send({ scopes: ['a', 'd'] }), 'allowedScopes', 'scopes');
    expect((await owner.get(path).expect(200)).body).toEqual(before);
    expect(await verify(app, key, { ip: '192.0.2.1' })).toMatchObject({ valid: true });

    await owner
      .patch(path)
      .send({ name: 'renamed', metadata: { a: 1 } })
      .expect(200);
    await owner
      .patch(path)
      .send({ scopes: ['a', 'b'] })
      .expect(200);
    await owner
      .patch(path)
      .send({ expiresAt: inDays(300) })
      .expect(200);
    await owner.patch(path).send({ enabled: false }).expect(200);
    // To let it work again is as good as to issue it.
    expectViolation(await owner.patch(path).send({ enabled: true }), 'allowedScopes', 'scopes');
    await owner
      .patch(path)
      .send({ enabled: true, scopes: ['a'], expiresAt: inDays(20) })
      .expect(200);
  });

  it('lets a key that breaks it be rotated, though not with an overlap that makes the rotation void', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await demand({ requireExpiry: true, rotateEvery: 1 });
    const rotate = (body: object) => owner.post(`/apikey/${id}/rotate`).send(body);
    expectViolation(await rotate({ overlapSeconds: 86_401 }), 'rotateEvery', 'overlapSeconds');
    expect(await verify(app, key)).toMatchObject({ valid: true });
    expect((await owner.get(`/apikey/${id}`)).body.secrets).toHaveLength(1);
    await rotate({ overlapSeconds: 86_400 }).expect(200);
    await rotate({}).expect(200);
  });

  it('imports nothing of a call of which one key breaks it, and names that key', async () => {
    await demand({ maxLifetime: 30 });
    const sha256 = () => randomBytes(32).toString('hex');
    const existing = createHash('sha256').update('known').digest('hex');
    const path = `/apikey/import?ApplicationId=${applicationId}`;
    const good = { expiresAt: inDays(20) };
    await owner
      .post(path)
      .send({ keys: [{ sha256: existing, ...good }] })
      .expect(200);
    const keys = [{ sha256: sha256(), ...good }, { sha256: sha256() }, { sha256: sha256(), ...good }];
    const answer = await owner.post(path).send({ keys });
    expectViolation(answer, 'maxLifetime', 'keys.1.expiresAt');
    expect(answer.body.errors).toHaveLength(1);
    expect(await countKeys()).toBe(2);
    const many = Array.from({ length: 200 }, () => ({ sha256: sha256() }));
    expect((await owner.post(path).send({ keys: many }).expect(403)).body.errors).toHaveLength(20);
    // What the application has already is left as it is, whatever the call says of it.
    const again = await owner
      .post(path)
      .send({ keys: [{ sha256: existing }] })
      .expect(200);
    expect(again.body.results).toEqual([{ outcome: 'exists' }]);
  });

  it('never ends a key when it becomes stricter', async () => {
    const { id, key } = await owner.issueKey(applicationId);
    await demand({
      maxLifetime: 1,
      requireExpiry: true,
      requireIpAllowlist: true,
      allowedScopes: [],
      rotateEvery: 1,
    });
    expect(await verify(app, key)).toMatchObject({ valid: true });
    expect((await owner.get(`/apikey/${id}`)).body).toMatchObject({ status: 'active', expiresAt: null });
  });

  it('holds, once a change of it was answered, for what was under way', async () => {
    const calls = Array.from({ length: 30 }, (_, i) =>
      issue(i % 3 === 0 ? { credits: { remaining: 1 } } : {}).then(({ status }) => status),
    );
    await demand({ requireExpiry: true });
    const issued = await countKeys();
    const statuses = await Promise.all(calls);
    expect(await countKeys()).toBe(issued);
    expect(new Set(statuses)).toEqual(new Set(statuses.filter((status) => status === 200 || status === 403)));
  });

  describe('while somebody else', () => {
    let other: PgClient;
    beforeEach(async () => {
      other = new PgClient({ connectionString: directUrlOf(app.database) });
      await other.connect();
      await other.query('BEGIN');
    });
    afterEach(() => other.end());

    const untilSomebodyWaits = (calls: number): Promise<void> =>
      eventually(async () => {
        const waiting = await app.query(
          `SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'`,
        );
        expect(waiting).toHaveLength(calls);
      }, 10_000);

    it('is changing it, is waited for, and is judged by as it is then', async () => {
      const { id } = await owner.issueKey(applicationId, { scopes: ['a'] });
      const strict = `UPDATE applications SET policy = '{"allowedScopes": []}' WHERE id = $1`;
      await other.query(strict, [applicationId]);
      await other.query(`SELECT ${membersLock.takeAlone('$1')}`, [applicationId]);
      const issued = issue({ scopes: ['a'] }).then((answer) => answer);
      await untilSomebodyWaits(1);
      const changed = owner.patch(`/apikey/${id}`).send({ scopes: ['a', 'b'] });
      const changing = changed.then((answer) => answer);
      await untilSomebodyWaits(2);
      await other.query('COMMIT');
      expectViolation(await issued, 'allowedScopes', 'scopes');
      expectViolation(await changing, 'allowedScopes', 'scopes');
    });

    it('has judged a key by the former one, is not answered before that key is there', async () => {
      await other.query(`SELECT ${membersLock.share('$1')}`, [applicationId]);
      let isAnswered = false;
      const changed = demand({ requireExpiry: true }).then(() => {
        isAnswered = true;
      });
      await untilSomebodyWaits(1);
      expect(isAnswered).toBe(false);
      await other.query('COMMIT');
      await changed;
    });
  });

  it('says of a key when its secret is due to be replaced', async () => {
    const { id } = await owner.issueKey(applicationId);
    const read = async () => (await owner.get(`/apikey/${id}`).expect(200)).body;
    const due = async () => (await read()).rotationDueAt as string | null;
    const newest = async () => Date.parse((await read()).secrets.at(-1).createdAt as string);
    expect(await due()).toBeNull();
    await demand({ rotateEvery: 30 });
    const first = await newest();
    expect(Date.parse((await due())!)).toBe(first + 30 * DAY_MS);
    const [listed] = (await owner.get(`/apikey?ApplicationId=${applicationId}&limit=1`).expect(200)).body
      .data;
    expect(listed.rotationDueAt).toBe(await due());
    // A secret that waits for its first use has replaced nothing yet.
    await owner
      .post(`/apikey/${id}/rotate`)
      .send({ overlapSeconds: 60, activateOnFirstUse: true })
      .expect(200);
    expect(Date.parse((await due())!)).toBe(first + 30 * DAY_MS);
    await owner.post(`/apikey/${id}/rotate`).send({}).expect(200);
    expect(Date.parse((await due())!)).toBe((await newest()) + 30 * DAY_MS);
    await owner.delete(`/apikey/${id}`).expect(204);
    expect(await due()).toBeNull();
  });

  it('is asked for by whom nobody knows as by anybody else: there is no such application', async () => {
    const answer = await owner.patch(`/applications/${UNKNOWN_ID}/policy`).send({});
    expect([answer.status, answer.body.code]).toEqual([404, 'application_not_found']);
  });
});
