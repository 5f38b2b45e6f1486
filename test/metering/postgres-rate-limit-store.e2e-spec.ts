import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectionPool } from '../../src/infrastructure/database/connection-pool.js';
import { PostgresRateLimitStore } from '../../src/modules/metering/infrastructure/postgres-rate-limit-store.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { limitSet, newOwner } from './limit-sets.js';
import { describeRateLimitStore } from './rate-limit-store-contract.js';

let database: TestDatabase;
let pool: ConnectionPool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new ConnectionPool({ connectionString: database.url, max: 8 });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

describeRateLimitStore('PostgreSQL', (clock) => new PostgresRateLimitStore(pool, clock), { numRuns: 20 });

describe('the table of rate limits', () => {
  it('is rid of what counts no more, and only of that', async () => {
    await pool.query('TRUNCATE rate_limit_hits');
    const old = new PostgresRateLimitStore(pool, () => (Date.now() - 61_000) * 1000);
    await old.take([{ set: limitSet(newOwner(), [{ limit: 5 }]), times: 1 }]);
    const store = new PostgresRateLimitStore(pool);
    const set = limitSet(newOwner(), [{ limit: 5 }]);
    await store.take([{ set, times: 5 }]);
    expect(await store.sweep()).toBe(1);
    expect((await store.take([{ set, times: 1 }]))[0]?.granted).toBe(0);
  });
});
