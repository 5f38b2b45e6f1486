import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import type request from 'supertest';
import { ExpiredAnswersPurge } from '../../src/modules/idempotency/infrastructure/expired-answers.purge.js';
import { Client, keyIdOf, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { rawHttp } from '../support/raw-http.js';
import { addSilentNode, timeOf } from '../support/silent-node.js';
import { TestApp } from '../support/test-app.js';

/** Waits until this many sessions wait for the transaction of another, and returns their process ids. */
function transactionsWaiting(client: Postgres, count: number): Promise<number[]> {
  return eventually(async () => {
    // Its transaction would keep what it saw at first, without the connections that were opened since.
    await client.query('SELECT pg_stat_clear_snapshot()');
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(rows).toHaveLength(count);
    return rows.map(({ pid }) => pid);
  });
}

describe('Idempotency-Key', () => {
  let app: TestApp;
  let otherNode: TestApp;
  let owner: Client;
  /** The same person, by the other node. */
  let elsewhere: Client;
  let applicationId: string;
  let key: string;

  beforeAll(async () => {
    const env = { MAX_ACTIVE_KEYS_PER_APPLICATION: '3' };
    app = await TestApp.start({ env });
    otherNode = await TestApp.start({ env, database: app.database });
    owner = await Client.signedIn(app);
    elsewhere = new Client(otherNode, owner.caller);
  });
  afterAll(async () => {
    await otherNode.stop();
    await app.stop();
  });
  beforeEach(async () => {
    applicationId = await owner.createApplication();
    key = randomUUID();
  });

  function issue(body?: object, by = owner): request.Test {
    return by.post(`/apikey?ApplicationId=${applicationId}`).set('Idempotency-Key', key).send(body);
  }
  function rotate(id: string, body: object = {}, by = owner): request.Test {
    return by.post(`/apikey/${id}/rotate`).set('Idempotency-Key', key).send(body);
  }
  async function keys(): Promise<{ id: string }[]> {
    const { body } = await owner.get(`/apikey?ApplicationId=${applicationId}&limit=100`).expect(200);
    return body.data as { id: string }[];
  }
  async function expectRefusal(call: request.Test, status: number, code: string): Promise<request.Response> {
    const response = await call;
    expect([response.status, response.body.code]).toEqual([status, code]);
    return response;
  }
  /** What of an answer must be the same when it is given again. */
  function essence({ status, text, headers }: request.Response): unknown[] {
    return [status, text, headers.location, headers['content-type'], headers['cache-control']];
  }

  describe('on issuing a key', () => {
    it('answers the same call with the same key byte for byte, on every node, and issues one', async () => {
      const body = { name: 'once', scopes: ['a'], metadata: { b: 1, a: 2 } };
      const first = await issue(body).expect(200);
      expect(first.text).toMatch(/^"upblit_live_[0-9A-Za-z]{36}"$/);
      expect(essence(await issue(body))).toEqual(essence(first));
      expect(essence(await issue(body, elsewhere))).toEqual(essence(first));
      const reordered = { metadata: { a: 2, b: 1 }, scopes: ['a'], name: 'once' };
      expect(essence(await issue(reordered))).toEqual(essence(first));
      expect(await keys()).toHaveLength(1);
      expect(await verify(app, first.body as string)).toMatchObject({ valid: true, keyId: keyIdOf(first) });
    });

    it('issues one key for each call that comes without it', async () => {
      for (let i = 0; i < 2; i++) await owner.issueKey(applicationId);
      expect(await keys()).toHaveLength(2);
    });

    it('answers as before when nothing could be issued any more, and when the key is revoked', async () => {
      const first = await issue().expect(200);
      for (let i = 0; i < 2; i++) await owner.issueKey(applicationId);
      expect(essence(await issue())).toEqual(essence(first));
      await owner.delete(`/apikey/${keyIdOf(first)}`).expect(204);
      expect(essence(await issue())).toEqual(essence(first));
      expect(await verify(app, first.body as string)).toEqual({ valid: false, code: 'REVOKED' });
    });

    it('keeps no refusal: the same call is done once it can be', async () => {
      const issued = [];
      for (let i = 0; i < 3; i++) issued.push(await owner.issueKey(applicationId));
      await expectRefusal(issue(), 409, 'api_key_limit_reached');
      await owner.delete(`/apikey/${issued[0]!.id}`).expect(204);
      const { body } = await issue().expect(200);
      expect(await verify(app, body as string)).toMatchObject({ valid: true });
    });

    it('refuses another request with 422, and does nothing for it', async () => {
      await issue({ name: 'a' }).expect(200);
      const other = await owner.createApplication();
      await expectRefusal(issue({ name: 'b' }), 422, 'idempotency_key_reused');
      await expectRefusal(issue(), 422, 'idempotency_key_reused');
      await expectRefusal(issue({ name: 'a', scopes: [] }, elsewhere), 422, 'idempotency_key_reused');
      const mine = applicationId;
      applicationId = other;
      await expectRefusal(issue({ name: 'a' }), 422, 'idempotency_key_reused');
      expect(await keys()).toEqual([]);
      applicationId = mine;
      expect(await keys()).toHaveLength(1);
    });

    it('is one person’s own: the same one of somebody else is another', async () => {
      const admin = await Client.signedIn(app);
      await owner.takeIn(applicationId, admin, 'admin');
      const mine = await issue().expect(200);
      const theirs = await issue(undefined, admin).expect(200);
      expect(theirs.body).not.toBe(mine.body);
      expect(essence(await issue(undefined, admin))).toEqual(essence(theirs));
      expect(await keys()).toHaveLength(2);
    });

    it('gives nothing to somebody who lost access, and brings nothing back', async () => {
      const admin = await Client.signedIn(app);
      const membership = `/applications/${applicationId}/members/${admin.userId}`;
      await owner.takeIn(applicationId, admin, 'admin');
      await issue(undefined, admin).expect(200);
      await owner.put(membership).send({ role: 'viewer' }).expect(200);
      await expectRefusal(issue(undefined, admin), 403, 'insufficient_role');
      await owner.delete(membership).expect(204);
      await expectRefusal(issue(undefined, admin), 403, 'not_application_owner');
      await issue().expect(200);
      await owner.delete(`/applications/${applicationId}`).expect(204);
      await expectRefusal(issue(), 404, 'application_not_found');
    });

    it('counts for 24 hours, and not a moment longer, purged or not', async () => {
      const first = await issue().expect(200);
      const [row] = (await app.query(
        `SELECT extract(epoch FROM max(expires_at) - now())::float8 AS left FROM idempotent_answers`,
      )) as { left: number }[];
      expect(row!.left).toBeGreaterThan(24 * 3600 - 60);
      expect(row!.left).toBeLessThanOrEqual(24 * 3600);
      await app.query('UPDATE idempotent_answers SET expires_at = now()');
      const second = await issue({ name: 'another request' }).expect(200);
      expect(second.body).not.toBe(first.body);
      expect(essence(await issue({ name: 'another request' }))).toEqual(essence(second));
    });

    it('is deleted when its time is over, in batches, and not before', async () => {
      await app.query('DELETE FROM idempotent_answers');
      const live = await issue().expect(200);
      await app.query(
        `INSERT INTO idempotent_answers (id, sealed, pepper_version, expires_at)
         SELECT sha256(n::text::bytea), repeat('x', 44)::bytea, 1, now() - interval '1 second' * n
           FROM generate_series(1, 1100) AS n`,
      );
      await app.nest.get(ExpiredAnswersPurge).run();
      expect(await app.query('SELECT FROM idempotent_answers')).toHaveLength(1);
      expect(essence(await issue())).toEqual(essence(live));
    });
  });

  describe('on rotating a key', () => {
    it('answers the same call with the same secret, and rotates once', async () => {
      const { id, key: old } = await owner.issueKey(applicationId);
      const first = await rotate(id, { overlapSeconds: 60 }).expect(200);
      expect(essence(await rotate(id, { overlapSeconds: 60 }))).toEqual(essence(first));
      expect(essence(await rotate(id, { overlapSeconds: 60 }, elsewhere))).toEqual(essence(first));
      const { body } = await owner.get(`/apikey/${id}`).expect(200);
      expect(body.secrets).toHaveLength(2);
      for (const secret of [old, first.body as string]) {
        expect(await verify(app, secret)).toMatchObject({ valid: true, keyId: id });
      }
    });

    it('has nothing to do with one on issuing', async () => {
      const issued = await issue().expect(200);
      const rotated = await rotate(keyIdOf(issued)).expect(200);
      expect(rotated.body).not.toBe(issued.body);
      expect(essence(await issue())).toEqual(essence(issued));
    });

    it('refuses another rotation with 422: of another key, or with another overlap', async () => {
      const [one, other] = [await owner.issueKey(applicationId), await owner.issueKey(applicationId)];
      await rotate(one.id, { overlapSeconds: 60 }).expect(200);
      await expectRefusal(rotate(one.id, { overlapSeconds: 61 }), 422, 'idempotency_key_reused');
      await expectRefusal(rotate(other.id, { overlapSeconds: 60 }), 422, 'idempotency_key_reused');
      expect(await verify(app, other.key)).toMatchObject({ valid: true });
    });

    it('rotates once however often it is asked at once', async () => {
      const { id } = await owner.issueKey(applicationId);
      const responses = await Promise.all(
        [owner, elsewhere, owner, elsewhere].map((client) => rotate(id, { overlapSeconds: 60 }, client)),
      );
      expect(new Set(responses.map(essence).map(String)).size).toBe(1);
      expect(responses[0]!.status).toBe(200);
      expect((await owner.get(`/apikey/${id}`)).body.secrets).toHaveLength(2);
    });

    it('promises a repeated call what it promised the first: that the rotation holds on every node', async () => {
      const { id } = await owner.issueKey(applicationId);
      await rotate(id).expect(200);
      await addSilentNode(app, 500);
      expect(await timeOf(rotate(id).expect(200))).toBeGreaterThanOrEqual(500);
    });

    it('keeps nothing when somebody else changes the key first: the same call rotates it after all', async () => {
      const { id } = await owner.issueKey(applicationId);
      const inTheWay = new Postgres({ connectionString: app.database.url });
      await inTheWay.connect();
      await inTheWay.query('BEGIN');
      await inTheWay.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [id]);
      const late = rotate(id).then(({ status, body }) => [status, body.code]);
      await transactionsWaiting(inTheWay, 1);
      await inTheWay.query('COMMIT');
      await inTheWay.end();
      expect(await late).toEqual([409, 'edit_conflict']);
      const { body } = await rotate(id).expect(200);
      expect(await verify(app, body as string)).toMatchObject({ valid: true, keyId: id });
    });
  });

  describe('that comes twice at once', () => {
    /** A session that keeps issuing for the application from going on. */
    let inTheWay: Postgres;

    beforeEach(async () => {
      inTheWay = new Postgres({ connectionString: app.database.url });
      await inTheWay.connect();
      await inTheWay.query('BEGIN');
      await inTheWay.query('SELECT FROM applications WHERE id = $1 FOR UPDATE', [applicationId]);
    });
    afterEach(() => inTheWay.end());

    it('issues one key, on two nodes too: the other call waits for it and is answered the same', async () => {
      const calls = [issue(), issue(undefined, elsewhere), issue()].map((call) => call.then(essence));
      await transactionsWaiting(inTheWay, 3);
      await inTheWay.query('COMMIT');
      const [first, ...others] = await Promise.all(calls);
      expect(first![0]).toBe(200);
      for (const other of others) expect(other).toEqual(first);
      expect(await keys()).toHaveLength(1);
    });

    it('answers the other call 409 with Retry-After when the first takes too long', async () => {
      const first = issue().then(essence);
      await transactionsWaiting(inTheWay, 1);
      const refused = await expectRefusal(issue(), 409, 'idempotency_in_progress');
      expect(refused.headers['retry-after']).toBe('1');
      await inTheWay.query('COMMIT');
      expect((await first)[0]).toBe(200);
      expect(essence(await issue())).toEqual(await first);
      expect(await keys()).toHaveLength(1);
    });

    it('does it for the other call when the first fails', async () => {
      const first = issue().then(({ status }) => status);
      const [session] = await transactionsWaiting(inTheWay, 1);
      const second = issue(undefined, elsewhere).then(essence);
      await transactionsWaiting(inTheWay, 2);
      await inTheWay.query('SELECT pg_terminate_backend($1)', [session]);
      expect(await first).toBe(503);
      await inTheWay.query('COMMIT');
      expect((await second)[0]).toBe(200);
      expect(essence(await issue(undefined, elsewhere))).toEqual(await second);
      expect(await keys()).toHaveLength(1);
    });
  });

  describe('is refused, and nothing is issued,', () => {
    it.each([
      ['of 7 characters', '1234567'],
      ['of 256 characters', 'x'.repeat(256)],
      ['with a space', '1234 5678'],
      ['with a tab', '1234\t5678'],
      ['that is not ASCII', '12345678é'],
      ['that is empty', ''],
    ])('%s', async (_, value) => {
      const response = await owner
        .post(`/apikey?ApplicationId=${applicationId}`)
        .set('Idempotency-Key', value);
      expect([response.status, response.body.code]).toEqual([400, 'validation_failed']);
      expect(response.body.errors[0].field).toBe('Idempotency-Key');
      expect(await keys()).toEqual([]);
    });

    it('when it is given twice, the same or not', async () => {
      const answer = await rawHttp(app.port, [
        `POST /apikey?ApplicationId=${applicationId} HTTP/1.1`,
        'Host: localhost',
        `Authorization: Bearer ${owner.caller.accessToken}`,
        `Idempotency-Key: ${key}`,
        `idempotency-key: ${key}`,
        'Content-Length: 0',
      ]);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"message":"must be given once"');
      expect(await keys()).toEqual([]);
    });
  });
});
