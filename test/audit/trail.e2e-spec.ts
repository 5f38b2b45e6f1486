import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { Client as Postgres } from 'pg';
import request from 'supertest';
import { AUDIT_ACTION_NAMES } from '../../src/modules/audit/domain/audit-actions.js';
import { Checkpoints } from '../../src/modules/audit/application/checkpoints.js';
import {
  AuditRepository,
  AuditRetention,
  CheckpointKeys,
  verifyStore,
  type AuditVerdict,
} from '../../src/modules/audit/index.js';
import { systemActor } from '../../src/shared/actor.js';
import { canonicalJson } from '../../src/shared/canonical-json.js';
import { Client } from '../support/builders.js';
import { CHANGING_ROUTES, surround } from '../support/changing-routes.js';
import { directUrlOf, servingUrlOf } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD, signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const AUDIT_SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

interface Kept {
  chain: string;
  seq: number;
  event: {
    action: string;
    applicationId: string | null;
    actor: Record<string, unknown>;
    target: { kind: string; id: string };
    before: Record<string, unknown> | null;
    after: Record<string, unknown> | null;
  };
}

describe('the audit trail', () => {
  let app: TestApp;
  let founder: Client;
  let caller: Client;
  let stranger: Client;

  beforeAll(async () => {
    app = await TestApp.start({ env: { AUDIT_SIGNING_KEY } });
    founder = await Client.signedIn(app);
    caller = await Client.signedIn(app);
    stranger = await Client.signedIn(app);
  });
  afterAll(() => app.stop());

  async function eventsOf(chain: string, from: TestApp = app): Promise<Kept[]> {
    const rows = await from.query(
      'SELECT chain, seq::int AS seq, event FROM audit_events WHERE chain = $1 ORDER BY seq',
      [chain],
    );
    return rows as Kept[];
  }

  function verify(of: TestApp = app): Promise<AuditVerdict> {
    return verifyStore(of.nest.get(AuditRepository, { strict: false }), {
      keys: of.nest.get(CheckpointKeys, { strict: false }),
      known: [],
      progress: () => undefined,
    });
  }

  it.each(Object.keys(CHANGING_ROUTES))('has what %s did, and who did it from where', async (route) => {
    const { prepare, events } = CHANGING_ROUTES[route]!;
    const surroundings = await surround(founder, caller, stranger);
    const { path, body } = await prepare(surroundings);
    const method = route.split(' ', 1)[0]!.toLowerCase() as 'post';
    const requestId = randomUUID();
    const headers = { 'X-Request-Id': requestId, 'User-Agent': 'a-client/1.0' };
    const answer = await caller[method](path).set(headers).send(body);
    expect(answer.status).toBeLessThan(300);
    const chain = route === 'POST /applications' ? (answer.body.id as string) : surroundings.applicationId;
    const kept = (await eventsOf(chain)).filter(({ event }) => event.actor.requestId === requestId);
    expect(kept.map(({ event }) => event.action)).toEqual(events);
    for (const { event } of kept) {
      expect(event.applicationId).toBe(chain);
      expect(event.actor).toMatchObject({
        issuer: 'local',
        subject: caller.userId,
        tokenId: expect.any(String),
        address: '127.0.0.1',
        userAgent: 'a-client/1.0',
      });
    }
  });

  it('describes every event that these routes have', () => {
    const all = Object.values(CHANGING_ROUTES).flatMap(({ events }) => events);
    expect(all.filter((name) => !(AUDIT_ACTION_NAMES as string[]).includes(name))).toEqual([]);
  });

  it('has sign-ins, and keeps those of one person in one chain', async () => {
    const { user, refreshToken } = await signIn(app);
    const post = (path: string, body: object): request.Test => request(app.http).post(path).send(body);
    await post('/auth/login', { email: user.email, password: PASSWORD }).expect(200);
    await post('/auth/refresh', { refreshToken }).expect(200);
    await post('/auth/refresh', { refreshToken }).expect(401);
    const rows = (await app.query(
      `SELECT chain, event ->> 'action' AS action FROM audit_events
        WHERE event #>> '{actor,subject}' = $1 ORDER BY seq`,
      [user.id],
    )) as { chain: string; action: string }[];
    expect(rows.map(({ action }) => action)).toEqual([
      'UserRegistered',
      'SignedIn',
      'SignedIn',
      'SessionRefreshed',
      'RefreshTokenReused',
    ]);
    expect(new Set(rows.map(({ chain }) => chain)).size).toBe(1);
    expect(rows[0]!.chain).toMatch(/^service-(0\d|1[0-5])$/);
  });

  it('has once that sign-ins are refused, and not what was tried', async () => {
    const own = await TestApp.start({ env: { AUTH_RATE_LIMIT_PER_ACCOUNT: '2', LOG_LEVEL: 'silent' } });
    try {
      const { user } = await signIn(own);
      for (const email of [user.email, 'nobody@example.org']) {
        for (let i = 0; i < 5; i += 1) {
          await request(own.http).post('/auth/login').send({ email, password: 'a wrong one' });
        }
      }
      const refused = await eventually(async () => {
        const rows = (await own.query(
          `SELECT event FROM audit_events WHERE event ->> 'action' = 'SignInsRefused' ORDER BY seq`,
        )) as Pick<Kept, 'event'>[];
        if (rows.length < 2) throw new Error('they are not written yet');
        return rows.map(({ event }) => event);
      });
      expect(refused).toMatchObject([
        {
          target: { kind: 'user', id: user.id },
          after: { counted: 'account', limit: 2, windowSeconds: 300 },
          actor: { issuer: 'system', subject: 'sign-in', address: '127.0.0.1' },
        },
        { target: { kind: 'system', id: 'sign-in' } },
      ]);
      expect(JSON.stringify(refused)).not.toContain('example.org');
    } finally {
      await own.stop();
    }
  });

  it('keeps text byte for byte, whatever alphabet, number or order it has', async () => {
    const applicationId = await founder.createApplication({ name: 'ä€😀\u2028 "\\' });
    const metadata = JSON.parse(
      '{"b":1e21,"a":0.1,"10":1,"9":-0,"é":"e\u0301","deep":{"z":[1e-7,123456789012345680000],"a":null}}',
    ) as object;
    await founder.issueKey(applicationId, { metadata, name: '\u{1f511}' });
    const { event } = (await eventsOf(applicationId)).at(-1)!;
    expect(event.after).toMatchObject({ name: '\u{1f511}', metadata: { b: 1e21, é: 'e\u0301' } });
    expect((await verify()).findings).toEqual([]);
  });

  it('takes little room, whatever the largest changes hold, and proves what they held', async () => {
    const own = (length: number, character = '\u{1f511}'): string => character.repeat(length / 2);
    const settings = (which: string) => ({
      name: own(100),
      scopes: Array.from({ length: 100 }, (_, i) => `${which}${i}`.padEnd(100, 'x')),
      metadata: { note: `${which}${'x'.repeat(16_000)}` },
      externalId: own(254),
      tags: Array.from({ length: 50 }, (_, i) => `${which}${i}${own(40)}`),
      ipAllowlist: Array.from({ length: 100 }, (_, i) => `2001:db8:${which}:${i + 1}:1:1:1:1`),
      rateLimits: [1, 2, 3, 4, 5].map((i) => ({ name: `${which}${i}`, limit: 5, windowSeconds: 60 * i })),
    });
    const large = { 'User-Agent': '\\'.repeat(300), 'X-Request-Id': 'r'.repeat(128) };
    const applicationId = await founder.createApplication({ name: own(100), description: own(1000) });
    const before = settings('a');
    const after = settings('b');
    const { scopes } = settings('c');
    const calls: [path: string, body: object][] = [
      [`/applications/${applicationId}`, { description: own(1000, '\u{1f512}') }],
      [`/applications/${applicationId}/policy`, { allowedScopes: scopes }],
      [`/applications/${applicationId}/policy`, { allowedScopes: null }],
      [`/applications/${applicationId}/limits`, { rateLimits: after.rateLimits }],
      [`/apikey/${(await founder.issueKey(applicationId, before)).id}`, { ...after, enabled: false }],
    ];
    for (const [path, body] of calls) await founder.patch(path).set(large).send(body).expect(200);
    const sha256 = randomBytes(32).toString('hex');
    await founder
      .post(`/apikey/import?ApplicationId=${applicationId}`)
      .set(large)
      .send({ keys: [{ sha256, ...before }] })
      .expect(200);
    await founder.patch(`/applications/${applicationId}`).set(large).send({ scopes }).expect(200);

    const digest = ({ metadata }: { metadata: object }): object => {
      const json = canonicalJson(metadata);
      return { sha256: createHash('sha256').update(json).digest('hex'), bytes: json.length };
    };
    const changed = (await eventsOf(applicationId)).find(({ event }) => event.action === 'ApiKeyChanged');
    expect(changed?.event.before).toMatchObject({ enabled: true, metadata: digest(before) });
    expect(changed?.event.after).toMatchObject({ enabled: false, metadata: digest(after) });
    const [{ largest }] = (await app.query(
      'SELECT max(octet_length(event::text)) AS largest FROM audit_events',
    )) as [{ largest: number }];
    expect(largest).toBeLessThan(4096);
    expect((await verify()).findings).toEqual([]);
  });

  it('holds no secret, nor the hash of one', async () => {
    const { applicationId } = await surround(founder, caller, stranger);
    const { key, id } = await founder.issueKey(applicationId);
    const headers = { 'User-Agent': `my-client ${key}` };
    const rotated = await founder.post(`/apikey/${id}/rotate`).set(headers).send({}).expect(200);
    const [{ all, hashes }] = (await app.query(`
      SELECT (SELECT string_agg(event::text, '') FROM audit_events) AS all,
             (SELECT json_agg(encode(hash, 'hex')) FROM api_key_secrets) AS hashes`)) as [
      { all: string; hashes: string[] },
    ];
    const secrets = [key, rotated.body as string, PASSWORD, founder.caller.accessToken, ...hashes];
    for (const secret of secrets) expect(all).not.toContain(secret);
    expect(all).not.toMatch(/upblit_(live|test|service)_[0-9A-Za-z]{10}|\$2b\$/);
    expect((await eventsOf(applicationId)).at(-1)!.event.actor.userAgent).toBe('[redacted]');
  });

  it('loses no event of 64 changes at once, on two nodes, and forks no chain', async () => {
    const second = await TestApp.start({ database: app.database, env: { AUDIT_SIGNING_KEY } });
    try {
      const applicationId = await founder.createApplication();
      const keys = await Promise.all(Array.from({ length: 32 }, () => founder.issueKey(applicationId)));
      const before = (await eventsOf(applicationId)).length;
      const clients = [founder, new Client(second, founder.caller)];
      const done = await Promise.all(
        keys.flatMap(({ id }, i) => {
          const client = clients[i % 2]!;
          return [
            client.patch(`/apikey/${id}`).send({ name: `key ${i}` }),
            client.post(`/apikey?ApplicationId=${applicationId}`).send({ name: `another ${i}` }),
          ];
        }),
      );
      expect(done.map(({ status }) => status)).toEqual(Array.from({ length: 64 }, () => 200));
      const events = await eventsOf(applicationId);
      expect(events.length - before).toBe(64);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
      expect((await verify()).findings).toEqual([]);
    } finally {
      await second.stop();
    }
  });

  it('is written by changes of several applications at once, whatever order they name them in', async () => {
    const second = await TestApp.start({ database: app.database, env: { AUDIT_SIGNING_KEY } });
    try {
      const ids = await Promise.all(Array.from({ length: 4 }, () => founder.createApplication()));
      const clients = [founder, new Client(second, founder.caller)];
      const calls = await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          const order = i % 2 === 0 ? ids : [...ids].reverse();
          const keys = [];
          for (const id of order) keys.push((await founder.issueKey(id)).id);
          return { keys, client: clients[i % 2]! };
        }),
      );
      const answers = await Promise.all(
        calls.map(({ keys, client }) => client.post('/apikey/bulk-revoke').send({ ids: keys })),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      for (const id of ids) {
        const revoked = (await eventsOf(id)).filter(({ event }) => event.action === 'ApiKeyRevoked');
        expect(revoked).toHaveLength(12);
      }
      expect((await verify()).findings).toEqual([]);
    } finally {
      await second.stop();
    }
  });

  it('of one application that is held up holds up no other', async () => {
    const [held, free] = [await founder.createApplication(), await founder.createApplication()];
    await founder.issueKey(held);
    await founder.issueKey(free);
    const holder = new Postgres({ connectionString: directUrlOf(app.database) });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT pg_advisory_xact_lock(7305809, hashtext($1))', [held]);
      let isAnswered = false;
      const waiting = founder
        .patch(`/applications/${held}`)
        .send({ name: 'waits' })
        .then((answer) => {
          isAnswered = true;
          return answer;
        });
      await founder.patch(`/applications/${free}`).send({ name: 'does not' }).expect(200);
      // Keys of both in the statement that they share.
      const issued = founder.post(`/apikey?ApplicationId=${held}`).then((answer) => answer);
      await Promise.all([founder.issueKey(free), founder.issueKey(free)]);
      expect(isAnswered).toBe(false);
      await holder.query('COMMIT');
      expect((await waiting).status).toBe(200);
      expect((await issued).status).toBe(200);
    } finally {
      await holder.end();
    }
  });

  it('is added to by whoever serves, and changed by nobody', async () => {
    const own = await TestApp.start();
    const statements = [
      `UPDATE audit_events SET event = '{}'`,
      'DELETE FROM audit_events',
      'TRUNCATE audit_events',
      `UPDATE audit_checkpoints SET jws = ''`,
      'DELETE FROM audit_checkpoints',
      'TRUNCATE audit_checkpoints',
      'SELECT prune_audit_chain(chain, 1) FROM audit_events',
    ];
    const serving = new Postgres({ connectionString: servingUrlOf(directUrlOf(own.database)) });
    await serving.connect();
    try {
      await (await Client.signedIn(own)).createApplication();
      for (const statement of statements) {
        await expect(serving.query(statement)).rejects.toMatchObject({ code: '42501' });
      }
      await own.query(`INSERT INTO audit_checkpoints VALUES ('a', 1, 'x')`);
      for (const statement of statements.slice(0, 6)) {
        await expect(own.query(statement)).rejects.toThrow('never changed');
      }
    } finally {
      await serving.end();
      await own.stop();
    }
  });

  it('says of two who delete at once what was deleted, in whichever order they come', async () => {
    const own = await TestApp.start({ env: { AUDIT_SIGNING_KEY } });
    const asOwner = await TestApp.start({
      database: own.database,
      env: { AUDIT_SIGNING_KEY, DATABASE_URL: own.database.url },
    });
    const holder = new Postgres({ connectionString: directUrlOf(own.database) });
    await holder.connect();
    try {
      const owner = await Client.signedIn(own);
      const id = await owner.createApplication();
      for (let i = 0; i < 3; i += 1) {
        await own.query(`UPDATE audit_unsealed SET since = since - interval '2 hours'`);
        await own.nest.get(Checkpoints, { strict: false }).run();
        await owner.issueKey(id);
      }
      const times = (await own.query('SELECT at FROM audit_events WHERE chain = $1 ORDER BY seq', [id])) as {
        at: Date;
      }[];
      const retention = asOwner.nest.get(AuditRetention, { strict: false });
      const prune = async (before: Date, waiting: number): Promise<{ deleted: Promise<number> }> => {
        const deleted = retention.prune(systemActor('operator'), id, before);
        await eventually(async () => {
          const rows = await own.query(
            `SELECT pid FROM pg_stat_activity
              WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%prune_audit_chain%'`,
          );
          expect(rows).toHaveLength(waiting);
        });
        return { deleted };
      };
      await holder.query('BEGIN');
      await holder.query('SELECT FROM audit_events WHERE chain = $1 AND seq = 1 FOR UPDATE', [id]);
      const more = await prune(times[3]!.at, 1);
      const less = await prune(times[2]!.at, 2);
      await holder.query('COMMIT');
      expect([await more.deleted, await less.deleted]).toEqual([3, 0]);
      expect((await eventsOf(id, own)).map(({ event }) => event.action)).toEqual([
        'ApiKeyIssued',
        'AuditTrailPruned',
      ]);
      expect((await verify(own)).findings).toEqual([]);
    } finally {
      await holder.end();
      await asOwner.stop();
      await own.stop();
    }
  });

  it('fails a change that it cannot be added to', async () => {
    const own = await TestApp.start();
    try {
      const owner = await Client.signedIn(own);
      const id = await owner.createApplication();
      await own.query('ALTER TABLE audit_events ADD CONSTRAINT refused CHECK (seq < 2) NOT VALID');
      expect((await owner.patch(`/applications/${id}`).send({ name: 'changed' })).status).toBe(500);
      expect((await owner.get(`/applications/${id}`)).body.name).not.toBe('changed');
    } finally {
      await own.stop();
    }
  });

  it('of a deleted application can still be verified', async () => {
    const applicationId = await founder.createApplication();
    await founder.issueKey(applicationId);
    await founder.delete(`/applications/${applicationId}`).expect(204);
    const events = await eventsOf(applicationId);
    expect(events.map(({ event }) => event.action)).toContain('ApplicationDeleted');
    expect((await verify()).findings.filter(({ chain }) => chain === applicationId)).toEqual([]);
  });
});
