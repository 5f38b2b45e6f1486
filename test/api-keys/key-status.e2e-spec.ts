import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { keyStatus, keyStatusConditions, type KeyStatus } from '../../src/shared/key-status.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Rows } from '../freshness/support/rows.js';

const HOUR = 3_600_000;

const STATES: [revoked: boolean, enabled: boolean, expiresIn: number | null, status: KeyStatus][] = [
  [false, true, null, 'active'],
  [false, true, HOUR, 'active'],
  [false, true, 0, 'expired'],
  [false, true, -HOUR, 'expired'],
  [false, false, null, 'disabled'],
  [false, false, HOUR, 'disabled'],
  [false, false, -HOUR, 'disabled'],
  [true, true, null, 'revoked'],
  [true, true, HOUR, 'revoked'],
  [true, true, -HOUR, 'revoked'],
  [true, false, null, 'revoked'],
  [true, false, HOUR, 'revoked'],
  [true, false, -HOUR, 'revoked'],
];

describe('The status of a key', () => {
  let database: TestDatabase;
  let postgres: Postgres;
  let rows: Rows;

  beforeAll(async () => {
    database = await createTestDatabase();
    rows = await Rows.open(database.url);
    postgres = new Postgres({ connectionString: database.url });
    await postgres.connect();
  });

  afterAll(async () => {
    await postgres.end();
    await rows.close();
    await database.drop();
  });

  it.each(STATES)(
    'with revoked %p, enabled %p and an expiry in %p ms is %s, in the code and in every statement',
    async (revoked, enabled, expiresIn, status) => {
      const now = new Date();
      const expiresAt = expiresIn === null ? null : now.getTime() + expiresIn;
      expect(keyStatus({ revoked, enabled, expiresAt }, now.getTime())).toBe(status);

      const application = await rows.insertApplication();
      const key = await rows.insertKey(application);
      await postgres.query(
        `UPDATE api_keys
            SET enabled = $2, expires_at = $3, revoked_at = $4, revoked_by_issuer = $5, revoked_by_subject = $5
          WHERE id = $1`,
        [
          key,
          enabled,
          expiresAt === null ? null : new Date(expiresAt),
          revoked ? now : null,
          revoked ? 's' : null,
        ],
      );
      const conditions = keyStatusConditions({
        revokedAt: 'revoked_at',
        enabled: 'enabled',
        expiresAt: 'expires_at',
        now: '$2',
      });
      for (const [name, condition] of Object.entries(conditions)) {
        const statement = `SELECT coalesce(${condition}, false) AS is FROM api_keys WHERE id = $1 AND $2::timestamptz = $2`;
        expect({ name, is: await value(statement, [key, now]) }).toEqual({ name, is: name === status });
      }
      // No further key may be active: who counts one refuses.
      expect(
        await value('SELECT reserve_key_quota($1, 0, 0, $2) IS NOT NULL AS is', [application, now]),
      ).toBe(status === 'active');
      expect(
        await value('SELECT reserve_activation_quota($1, $2, 0, NULL) IS NULL AS is', [key, application]),
      ).toBe(status === 'active');
    },
  );

  async function value(statement: string, parameters: unknown[]): Promise<boolean> {
    const { rows: found } = await postgres.query<{ is: boolean }>(statement, parameters);
    return found[0]!.is;
  }
});
