import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';

describe('the PostgreSQL of a test run', () => {
  it('is a real PostgreSQL 18', async () => {
    const client = new Client({ connectionString: process.env.TEST_DATABASE_URL! });
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    await client.end();
    expect(rows[0]?.server_version).toMatch(/^18\./);
  });
});
