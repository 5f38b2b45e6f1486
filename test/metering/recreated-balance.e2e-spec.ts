import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { PostgresCreditStore } from '../../src/modules/metering/infrastructure/postgres-credit-store.js';
import type { CreditRunOutcome } from '../../src/modules/metering/domain/credit-store.js';
import { eventually } from '../support/eventually.js';
import { BalancesFixture } from './balances.js';

/* One transaction takes a balance away and gives another, while somebody waits to spend from it. */
describe('a balance that is taken away and given anew', () => {
  let fixture: BalancesFixture;
  let store: PostgresCreditStore;
  let giver: PoolClient;
  let holder: PoolClient;

  beforeAll(async () => {
    fixture = await BalancesFixture.create();
    store = new PostgresCreditStore(fixture.pool);
  });
  afterAll(() => fixture.drop());
  beforeEach(async () => {
    [giver, holder] = [await fixture.pool.connect(), await fixture.pool.connect()];
  });
  afterEach(() => {
    giver.release(true);
    holder.release(true);
  });

  async function giveAnew(keyId: string, remaining: number): Promise<void> {
    await giver.query('BEGIN');
    await giver.query('DELETE FROM credit_balances WHERE subject_id = $1', [keyId]);
    await giver.query(
      `INSERT INTO credit_balances (subject_id, subject_kind, remaining, refilled_at) VALUES ($1, 'key', $2, now())`,
      [keyId, remaining],
    );
  }

  function spend(keyId: string, applicationId: string | null): Promise<CreditRunOutcome[]> {
    return store.spend([{ accounts: { keyId, applicationId }, cost: 1, times: 1 }]);
  }

  /** Until so many statements wait for a lock. */
  function waiting(count: number): Promise<void> {
    return eventually(async () => {
      const { rows } = await fixture.pool.query<{ waiting: number }>(
        `SELECT count(*)::integer AS waiting FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(rows).toEqual([{ waiting: count }]);
    });
  }

  it('is spent from by who waited for the old one', async () => {
    const keyId = await fixture.give('key', { remaining: 5 });
    await giveAnew(keyId, 10);
    const spending = spend(keyId, null);
    await waiting(1);
    await giver.query('COMMIT');
    expect(await spending).toMatchObject([{ granted: 1, keyRemaining: 9 }]);
    expect(await fixture.remaining(keyId)).toBe(9);
  });

  it('is not spent twice by two of whom one waited for the old one', async () => {
    // Balances are locked in the order of their ids.
    const [keyId, applicationId] = [await fixture.give('key', { remaining: 5 }), LAST_ID];
    await fixture.pool.query(
      `INSERT INTO credit_balances (subject_id, subject_kind, remaining, refilled_at)
       VALUES ($1, 'application', 100, now())`,
      [applicationId],
    );
    await giveAnew(keyId, 10);
    await holder.query('BEGIN');
    await holder.query('SELECT FROM credit_balances WHERE subject_id = $1 FOR UPDATE', [applicationId]);
    const spending = spend(keyId, applicationId);
    await waiting(1);
    await giver.query('COMMIT');
    // It has gone on to the other balance. Meanwhile somebody else spends from the new one.
    await waiting(1);
    await giver.query('BEGIN');
    await giver.query('UPDATE credit_balances SET remaining = remaining - 1 WHERE subject_id = $1', [keyId]);
    await holder.query('COMMIT');
    await waiting(1);
    await giver.query('COMMIT');
    expect(await spending).toMatchObject([{ granted: 1, keyRemaining: 8, applicationRemaining: 99 }]);
    expect(await fixture.remaining(keyId)).toBe(8);
  });
});

const LAST_ID = 'ffffffff-ffff-7fff-bfff-ffffffffffff';
