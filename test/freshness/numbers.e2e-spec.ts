import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Rows } from './support/rows.js';

/** The advisory lock that a change takes for its number. */
const CHANGE_LOCK = 7_305_808_872;

describe('The numbers of changes', () => {
  let database: TestDatabase;
  let pool: Pool;
  let records: Rows;
  let application: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    records = await Rows.open(database.url);
    pool = new Pool({ connectionString: database.url, max: 20 });
  });

  afterAll(async () => {
    await records.close();
    await pool.end();
    await database.drop();
  });

  beforeEach(async () => {
    application = await records.insertApplication();
  });

  it('are taken by every change that a cached key could hide, whoever makes it', async () => {
    const key = await records.insertKey(application);
    const changes = [
      `UPDATE api_keys SET enabled = NOT enabled WHERE id = '${key}'`,
      `UPDATE api_keys SET scopes = '{a}' WHERE id = '${key}'`,
      `UPDATE api_keys SET expires_at = now() WHERE id = '${key}'`,
      `UPDATE api_keys SET name = 'another' WHERE id = '${key}'`,
      `UPDATE api_keys SET metadata = '{"a": 1}' WHERE id = '${key}'`,
      // A column that came after the triggers.
      `UPDATE api_keys SET ip_allowlist = '{10.0.0.0/8}' WHERE id = '${key}'`,
      `UPDATE api_key_secrets SET revoked_at = now() WHERE api_key_id = '${key}'`,
      `UPDATE api_keys SET revoked_at = now(), revoked_by_issuer = 'i', revoked_by_subject = 's' WHERE id = '${key}'`,
      `UPDATE api_key_secrets SET expires_at = now() WHERE api_key_id = '${key}'`,
      `UPDATE api_key_secrets SET hash = sha256('x') WHERE api_key_id = '${key}'`,
      `DELETE FROM api_key_secrets WHERE api_key_id = '${key}'`,
      `DELETE FROM api_keys WHERE id = '${key}'`,
    ];
    for (const change of changes) {
      const before = await records.lastNumber();
      await pool.query(change);
      expect({ change, rows: await changesAfter(before) }).toEqual({
        change,
        rows: [{ kind: 'api_key', id: key }],
      });
    }
  });

  it('are taken by what concerns all keys of an application', async () => {
    for (const change of [
      'deleted_at = now()',
      `owner_subject = 'somebody else'`,
      `owner_issuer = 'another'`,
    ]) {
      const before = await records.lastNumber();
      await pool.query(`UPDATE applications SET ${change} WHERE id = '${application}'`);
      expect({ change, rows: await changesAfter(before) }).toEqual({
        change,
        rows: [{ kind: 'application', id: application }],
      });
    }
  });

  it('are taken by what takes a role away, under a kind that no cached record is made of', async () => {
    await pool.query(
      `INSERT INTO application_members (id, application_id, issuer, subject, role, created_at, updated_at)
       VALUES (gen_random_uuid(), $1, 'local', 'somebody', 'admin', now(), now())`,
      [application],
    );
    for (const change of [
      `UPDATE application_members SET role = 'viewer'`,
      `DELETE FROM application_members`,
    ]) {
      const before = await records.lastNumber();
      await pool.query(`${change} WHERE application_id = '${application}' AND subject = 'somebody'`);
      expect({ change, rows: await changesAfter(before) }).toEqual({
        change,
        rows: [{ kind: 'members', id: application }],
      });
    }
  });

  it('are taken by the end of a session, and not by what starts one or tidies up', async () => {
    await pool.query(
      `INSERT INTO users (id, email, normalized_email, password_hash, created_at)
       VALUES ('019b76da-a800-7000-8000-000000000001', 'a@b', 'a@b', '$2b$04$' || repeat('a', 53), now())`,
    );
    const start = (id: string, expires: string): Promise<unknown> =>
      pool.query(
        `INSERT INTO refresh_token_families (id, user_id, scopes, created_at, expires_at)
         VALUES ($1, '019b76da-a800-7000-8000-000000000001', '{}', now() - interval '2 days', now() + $2::interval)`,
        [id, expires],
      );
    const [live, another, over] = [randomUUID(), randomUUID(), randomUUID()];
    const before = await records.lastNumber();
    await start(live, '1 hour');
    await start(another, '1 hour');
    await start(over, '-1 hour');
    await pool.query('UPDATE refresh_token_families SET expires_at = expires_at + interval $$1 minute$$');
    await pool.query('DELETE FROM refresh_token_families WHERE id = $1', [over]);
    expect(await changesAfter(before)).toEqual([]);

    await pool.query('DELETE FROM refresh_token_families WHERE id = $1', [live]);
    expect(await changesAfter(before)).toEqual([{ kind: 'session', id: live }]);
    const between = await records.lastNumber();
    await pool.query(`DELETE FROM users WHERE email = 'a@b'`);
    expect(await changesAfter(between)).toEqual([{ kind: 'session', id: another }]);
  });

  it('are not taken by issuing, nor by what no verdict holds', async () => {
    const before = await records.lastNumber();
    const key = await records.insertKey(application);
    await pool.query(`UPDATE applications SET name = 'another', updated_at = now(), version = version + 1`);
    await pool.query(`UPDATE api_keys SET enabled = enabled WHERE id = '${key}'`);
    await pool.query(
      `UPDATE api_key_secrets SET hash = sha256('y'), pepper_version = pepper_version + 1 WHERE api_key_id = '${key}'`,
    );

    expect(await changesAfter(before)).toEqual([]);
    expect(await records.lastNumber()).toBe(before);
  });

  it('are one for a transaction, however many records it changes, and none for one that is rolled back', async () => {
    const keys = [await records.insertKey(application), await records.insertKey(application)];
    const before = await records.lastNumber();
    await inTransaction(async (client) => {
      await client.query('UPDATE api_keys SET enabled = false WHERE application_id = $1', [application]);
      await client.query('SAVEPOINT here');
      await client.query('UPDATE api_keys SET enabled = true WHERE application_id = $1', [application]);
      await client.query('ROLLBACK TO here');
      await client.query('UPDATE applications SET deleted_at = now() WHERE id = $1', [application]);
    });
    const rows = await changesAfter(before);
    expect(rows).toHaveLength(3);
    expect(rows).toEqual(
      expect.arrayContaining([
        { kind: 'application', id: application },
        ...keys.map((id) => ({ kind: 'api_key', id })),
      ]),
    );
    expect(await numbersAfter(before)).toHaveLength(1);

    const committed = await records.lastNumber();
    await inTransaction(async (client) => {
      await client.query('UPDATE api_keys SET enabled = false WHERE application_id = $1', [application]);
      await client.query('ROLLBACK');
    });
    expect(await records.lastNumber()).toBe(committed);
  });

  it('stand for everything when a transaction changes more records than are worth naming', async () => {
    const key = await records.insertKey(application);
    await pool.query(
      `INSERT INTO api_keys
       SELECT (jsonb_populate_record(model, jsonb_build_object('id', gen_random_uuid()))).*
         FROM api_keys AS model, generate_series(1, 3000) WHERE model.id = $1`,
      [key],
    );
    const before = await records.lastNumber();
    await pool.query('UPDATE api_keys SET enabled = false WHERE application_id = $1', [application]);

    const rows = await changesAfter(before);
    expect(rows).toHaveLength(1001);
    expect(rows.filter(({ kind }) => kind === '*')).toHaveLength(1);
  });

  it('come in the order of commits: who sees a number has all before it', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => records.insertKey(application)));
    const running = new AbortController();
    const seen = new Set<number>();
    const late: number[] = [];
    const watch = (async () => {
      let upTo = await records.lastNumber();
      const start = upTo;
      while (!running.signal.aborted) {
        // Everything above the start, read again and again: nothing may turn up below what was the last.
        const { rows } = await pool.query<{ number: string }>(
          'SELECT DISTINCT number FROM key_changes WHERE number > $1 ORDER BY number',
          [start],
        );
        for (const number of rows.map((row) => Number(row.number))) {
          if (seen.has(number)) continue;
          if (number <= upTo) late.push(number);
          seen.add(number);
        }
        upTo = Math.max(upTo, ...seen);
      }
    })();
    await Promise.all(
      keys.map(async (key) => {
        for (let index = 0; index < 40; index += 1) {
          await pool.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [key]);
        }
      }),
    );
    running.abort();
    await watch;
    expect(late).toEqual([]);
    expect(seen.size).toBeGreaterThan(200);
  });

  it('are not held up by a client that freezes in the middle of a change', async () => {
    const [frozen, other] = [await records.insertKey(application), await records.insertKey(application)];
    await inTransaction(async (client) => {
      await client.query('UPDATE api_keys SET enabled = false WHERE id = $1', [frozen]);
      const began = performance.now();
      await pool.query('UPDATE api_keys SET enabled = false WHERE id = $1', [other]);
      expect(performance.now() - began).toBeLessThan(500);
    });
  });

  it('are waited for two seconds at most, and then the change is not made', async () => {
    const key = await records.insertKey(application);
    await inTransaction(async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [CHANGE_LOCK]);
      await expect(
        pool.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]),
      ).rejects.toMatchObject({
        code: '55P03',
      });
    });
    const { rows } = await pool.query('SELECT enabled FROM api_keys WHERE id = $1', [key]);
    expect(rows).toEqual([{ enabled: true }]);
  });

  it('rise by one, whatever the clock of the database says, so that JavaScript can always tell them apart', async () => {
    const key = await records.insertKey(application);
    const before = await records.lastNumber();
    for (let change = 1; change <= 3; change += 1) {
      await pool.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [key]);
      expect(await records.lastNumber()).toBe(before + change);
    }
    await expect(
      pool.query(`INSERT INTO key_changes VALUES (9007199254740992, 'api_key', $1)`, [key]),
    ).rejects.toMatchObject({ constraint: 'key_changes_number' });
  });

  it('come with a proof, which tells a change from one that had its number before the database was put back', async () => {
    const key = await records.insertKey(application);
    const change = async (): Promise<{ number: string; id: string }> => {
      await pool.query('UPDATE api_keys SET version = version + 1 WHERE id = $1', [key]);
      const { rows } = await pool.query(
        `SELECT number, id FROM key_changes WHERE kind = 'proof' ORDER BY number DESC LIMIT 1`,
      );
      return rows[0] as { number: string; id: string };
    };
    const before = await change();
    await pool.query('DELETE FROM key_changes WHERE number = $1', [before.number]);
    const after = await change();
    expect(after.number).toBe(before.number);
    expect(after.id).not.toBe(before.id);
  });

  it('are not taken in a transaction that would read an old one', async () => {
    const key = await records.insertKey(application);
    await expect(
      inTransaction(async (client) => {
        await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        await client.query('UPDATE api_keys SET enabled = false WHERE id = $1', [key]);
      }),
    ).rejects.toMatchObject({ code: '0A000' });
  });

  it('do not depend on the search path of who makes the change', async () => {
    const key = await records.insertKey(application);
    const before = await records.lastNumber();
    await inTransaction(async (client) => {
      await client.query(`SET LOCAL search_path = ''`);
      await client.query('UPDATE public.api_keys SET enabled = false WHERE id = $1', [key]);
    });
    expect(await changesAfter(before)).toEqual([{ kind: 'api_key', id: key }]);
  });

  async function inTransaction(work: (client: Client) => Promise<void>): Promise<void> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query('BEGIN');
      await work(client);
      await client.query('COMMIT');
    } finally {
      await client.end();
    }
  }

  async function changesAfter(number: number): Promise<{ kind: string; id: string }[]> {
    const { rows } = await pool.query(
      `SELECT kind, id FROM key_changes WHERE number > $1 AND kind <> 'proof'`,
      [number],
    );
    return rows;
  }

  async function numbersAfter(number: number): Promise<unknown[]> {
    const { rows } = await pool.query('SELECT DISTINCT number FROM key_changes WHERE number > $1', [number]);
    return rows;
  }
});
