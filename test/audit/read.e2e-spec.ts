import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { Readable } from 'node:stream';
import request from 'supertest';
import { canonicalJson } from '../../src/shared/canonical-json.js';
import { CheckpointKeys, verifyExport, type AuditVerdict } from '../../src/modules/audit/index.js';
import { Checkpoints } from '../../src/modules/audit/application/checkpoints.js';
import { Client, UNKNOWN_ID } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const AUDIT_SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

interface Listed {
  seq: number;
  time: string;
  action: string;
  target: { id: string };
  actor: { subject: string };
}

let app: TestApp;
let owner: Client;
let admin: Client;
let applicationId: string;
let keyIds: string[];

beforeAll(async () => {
  app = await TestApp.start({ env: { AUDIT_SIGNING_KEY } });
  owner = await Client.signedIn(app);
  admin = await Client.signedIn(app);
  applicationId = await owner.createApplication();
  await owner.takeIn(applicationId, admin, 'admin');
  keyIds = [];
  for (let i = 0; i < 4; i += 1) keyIds.push((await owner.issueKey(applicationId)).id);
  await admin.patch(`/apikey/${keyIds[0]}`).send({ name: 'renamed' }).expect(200);
  await admin.delete(`/apikey/${keyIds[1]}`).expect(204);
});
afterAll(() => app.stop());

async function list(query: Record<string, string> = {}): Promise<Listed[]> {
  const { body } = await owner.get(`/applications/${applicationId}/audit`).query(query).expect(200);
  return body.data as Listed[];
}

const seqsOf = (events: Listed[]): number[] => events.map(({ seq }) => seq);

describe('GET /applications/{id}/audit', () => {
  it('answers the newest events first, with who did what to what', async () => {
    const events = await list();
    expect(seqsOf(events)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(events[0]).toEqual({
      seq: 10,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      action: 'ApiKeyRevoked',
      actor: {
        issuer: 'local',
        subject: admin.userId,
        tokenId: expect.any(String),
        address: '127.0.0.1',
        requestId: expect.any(String),
        userAgent: null,
      },
      target: { kind: 'api_key', id: keyIds[1] },
      before: { revokedAt: null },
      after: { revokedAt: expect.any(String) },
      previous: expect.stringMatching(/^[0-9a-f]{64}$/),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('is narrowed down by key, actor, action and time', async () => {
    const all = await list();
    expect(seqsOf(await list({ keyId: keyIds[0]!.toUpperCase() }))).toEqual([9, 5]);
    expect(seqsOf(await list({ actor: admin.userId }))).toEqual([10, 9, 4, 3]);
    expect(seqsOf(await list({ action: 'ApiKeyIssued' }))).toEqual([8, 7, 6, 5]);
    expect(seqsOf(await list({ action: 'ApiKeyIssued', actor: admin.userId }))).toEqual([]);
    const { time } = all.find(({ seq }) => seq === 9)!;
    const later = all.filter((event) => event.time >= time);
    expect(seqsOf(await list({ from: time }))).toEqual(seqsOf(later));
    expect(seqsOf(await list({ to: time }))).toEqual(seqsOf(all.filter((event) => event.time < time)));
    expect(await list({ from: '2999-01-01T00:00:00Z' })).toEqual([]);
    expect(seqsOf(await list({ from: '1926-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z' }))).toEqual(
      seqsOf(all),
    );
  });

  it('is paged, and a page stays what it is while events are added', async () => {
    const path = `/applications/${applicationId}/audit`;
    const first = await owner.get(path).query({ limit: '4', action: 'ApiKeyIssued' }).expect(200);
    expect(first.body.nextCursor).toBeNull();
    const page = await owner.get(path).query({ limit: '3' }).expect(200);
    const { nextCursor: cursor } = page.body as { nextCursor: string };
    await owner.patch(`/applications/${applicationId}`).send({ description: 'added meanwhile' }).expect(200);
    const next = await owner.get(path).query({ limit: '3', cursor }).expect(200);
    expect(seqsOf(next.body.data as Listed[])).toEqual([7, 6, 5]);
    const another = await owner.get(path).query({ cursor, action: 'ApiKeyIssued' }).expect(400);
    expect(another.body.code).toBe('invalid_cursor');
  });

  it.each([
    ['a range that is reversed', { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'to'],
    ['a range without length', { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'to'],
    ['a day that there is not', { from: '2026-02-30T00:00:00Z' }, 'from'],
    ['a time without a zone', { to: '2026-01-01T00:00:00' }, 'to'],
    ['an action that there is not', { action: 'Guessed' }, 'action'],
    ['an id that is none', { keyId: 'x' }, 'keyId'],
    ['an actor that is empty', { actor: '' }, 'actor'],
    ['a parameter that there is not', { seq: '1' }, 'seq'],
  ])('refuses %s', async (_, query, field) => {
    const { body } = await owner.get(`/applications/${applicationId}/audit`).query(query).expect(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ field }] });
  });

  it.each(['MDE5Yjc2ZGE', 'x', Buffer.from('0 AAAAAAAAAAA').toString('base64url')])(
    'refuses the cursor %s',
    async (cursor) => {
      const { body } = await owner.get(`/applications/${applicationId}/audit`).query({ cursor }).expect(400);
      expect(body.code).toBe('invalid_cursor');
    },
  );

  it('shows nobody the events of another application', async () => {
    const stranger = await Client.signedIn(app);
    const own = await stranger.createApplication();
    const { body } = await stranger
      .get(`/applications/${own}/audit`)
      .query({ keyId: keyIds[0]! })
      .expect(200);
    expect(body.data).toEqual([]);
    await stranger.get(`/applications/${applicationId}/audit`).expect(403);
    await stranger.get(`/applications/${UNKNOWN_ID}/audit`).expect(404);
  });

  it('answers a service key that may read it', async () => {
    const machine = { name: 'a SIEM', scopes: ['audit:read'] };
    const { key, id } = await owner.issueServiceKey(applicationId, machine);
    const { body } = await request(app.http)
      .get(`/applications/${applicationId}/audit`)
      .query({ keyId: id })
      .set('Authorization', `Bearer ${key}`)
      .expect(200);
    expect((body.data as Listed[]).map(({ action }) => action)).toEqual(['ServiceKeyIssued']);
  });
});

describe('GET /applications/{id}/audit/export', () => {
  async function exportOf(id = applicationId, query = {}): Promise<string[]> {
    const answer = await owner.get(`/applications/${id}/audit/export`).query(query).buffer().expect(200);
    expect(answer.type).toBe('application/x-ndjson');
    expect(answer.headers['cache-control']).toBe('no-store');
    const lines = answer.text.split('\n');
    expect(lines.pop()).toBe('');
    return lines;
  }

  async function verify(lines: string[]): Promise<AuditVerdict> {
    const { body } = await request(app.http).get('/.well-known/jwks.json').expect(200);
    return verifyExport(() => Readable.from(lines) as AsyncIterable<string>, {
      keys: CheckpointKeys.ofJwks(body),
      known: [],
      progress: () => undefined,
    });
  }

  it('is verified by itself with the published keys', async () => {
    const lines = await exportOf();
    const verdict = await verify(lines);
    expect(verdict).toMatchObject({ chains: 1, events: lines.length - 1, findings: [] });
    for (const line of lines) expect(canonicalJson(JSON.parse(line))).toBe(line);
  });

  it('of 1,500 events has them all, and the checkpoints of a thousand among them', async () => {
    const id = await owner.createApplication();
    const { headers } = await owner.post(`/apikey?ApplicationId=${id}`).send({}).expect(200);
    expect(headers.location).toBeDefined();
    await app.query(
      `SELECT append_audit_events((
         SELECT jsonb_agg(jsonb_build_object('applicationId', $1::text, 'canonical', '{"action":"ApiKeyChanged","actor":{"subject":"x"},"after":null,"target":{"id":"y","kind":"api_key"}}'))
           FROM generate_series(1, 1500)))`,
      [id],
    );
    await app.nest.get(Checkpoints, { strict: false }).run();
    await owner.patch(`/applications/${id}`).send({ name: 'later' }).expect(200);
    const lines = await exportOf(id);
    expect(await verify(lines)).toMatchObject({ chains: 1, events: 1503, findings: [] });
    expect(lines.filter((line) => line.startsWith('{"checkpoint":'))).toHaveLength(1);
  }, 30_000);

  it.each<[string, (lines: string[]) => string[]]>([
    ['edited', (lines) => lines.with(2, lines[2]!.replace('"address":"127.0.0.1"', '"address":"127.0.0.2"'))],
    ['taken out', (lines) => lines.toSpliced(3, 1)],
    ['put in twice', (lines) => lines.toSpliced(3, 0, lines[1]!)],
    ['put elsewhere', (lines) => lines.with(2, lines[3]!).with(3, lines[2]!)],
    ['cut off', (lines) => lines.slice(0, 4)],
    ['cut off with the end kept', (lines) => lines.toSpliced(-2, 1)],
    ['not signed', (lines) => lines.with(-1, lines.at(-1)!.replace(/.{9}$/, 'AAAAAAA"}'))],
    ['no event', (lines) => lines.with(2, 'null')],
    ['no JSON', (lines) => lines.with(2, lines[2]!.slice(5))],
  ])('with a line that was %s is found out', async (_, damage) => {
    const lines = await exportOf();
    const verdict = await verify(damage(lines));
    expect(verdict.findings.length).toBeGreaterThan(0);
    expect(verdict.findings[0]!.seq).toBeLessThanOrEqual(lines.length);
  });

  it('is of events of OCSF when asked', async () => {
    const lines = (await exportOf(applicationId, { format: 'ocsf' })).map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    const classes = new Set(lines.map(({ class_uid }) => class_uid));
    expect(classes).toEqual(new Set([6003, 3001]));
    for (const line of lines) {
      expect(line.type_uid).toBe((line.class_uid as number) * 100 + (line.activity_id as number));
      expect(line).toMatchObject({
        metadata: { version: '1.3.0', product: { name: 'Upblit' } },
        time: expect.any(Number),
        severity_id: 1,
        actor: { user: { uid: expect.any(String) } },
        src_endpoint: { ip: '127.0.0.1' },
      });
    }
    const member = lines.find(
      ({ class_uid }) => class_uid === 3001 && JSON.stringify(lines).includes(admin.userId),
    );
    expect(member).toBeDefined();
  });

  it('refuses a format that there is not', async () => {
    const { body } = await owner
      .get(`/applications/${applicationId}/audit/export`)
      .query({ format: 'csv' })
      .expect(400);
    expect(body.errors[0].field).toBe('format');
  });

  it('goes on while others change the application, and ends where it began to', async () => {
    const id = await owner.createApplication();
    const reading = exportOf(id);
    await owner.patch(`/applications/${id}`).send({ name: 'meanwhile' }).expect(200);
    expect((await verify(await reading)).findings).toEqual([]);
  });
});

describe('checkpoints', () => {
  it('are signed after a thousand events or an hour, by whichever node comes first, and once', async () => {
    const own = await TestApp.start({ env: { AUDIT_SIGNING_KEY } });
    const second = await TestApp.start({ database: own.database, env: { AUDIT_SIGNING_KEY } });
    try {
      const client = await Client.signedIn(own);
      const id = await client.createApplication();
      const run = (): Promise<unknown> =>
        Promise.all([own, second].map((node) => node.nest.get(Checkpoints, { strict: false }).run()));
      const sealed = async (): Promise<number[]> => {
        const rows = await own.query(
          'SELECT seq::int AS seq FROM audit_checkpoints WHERE chain = $1 ORDER BY seq',
          [id],
        );
        return (rows as { seq: number }[]).map(({ seq }) => seq);
      };
      await run();
      expect(await sealed()).toEqual([]);
      await own.query(`UPDATE audit_unsealed SET since = since - interval '61 minutes'`);
      await run();
      expect(await sealed()).toEqual([1]);
      await run();
      await client.patch(`/applications/${id}`).send({ name: 'changed' }).expect(200);
      await run();
      expect(await sealed()).toEqual([1]);
      // The clock was set back by two hours: what was written then looks as if it were to come.
      await own.query(`UPDATE audit_unsealed SET since = since + interval '2 hours' WHERE chain = $1`, [id]);
      await run();
      expect(await sealed()).toEqual([1, 2]);
      expect(await own.query('SELECT FROM audit_unsealed WHERE chain = $1', [id])).toEqual([]);
    } finally {
      await second.stop();
      await own.stop();
    }
  });
});
