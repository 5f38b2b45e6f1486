import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import request from 'supertest';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { createTestDatabase, directUrlOf, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const ROLE = { name: `limited_${randomBytes(6).toString('hex')}`, password: 'limited' };

describe('a budget of connections that is exhausted', () => {
  let database: TestDatabase;
  let app: TestApp;
  beforeAll(async () => {
    database = await createTestDatabase();
    await migrate(directUrlOf(database), { servingRole: ROLE });
    const url = new URL(directUrlOf(database));
    url.username = ROLE.name;
    url.password = ROLE.password;
    app = await TestApp.start({ database, env: { DATABASE_URL: url.href, DATABASE_DIRECT_URL: url.href } });
  });
  afterAll(async () => {
    await app.query(`DROP OWNED BY ${ROLE.name}`);
    await app.stop();
    await database.drop();
  });

  it('is named by readiness, until there is a connection again', async () => {
    await app.query(`ALTER ROLE ${ROLE.name} CONNECTION LIMIT 0`);
    const { body } = await request(app.http).get('/health/ready').expect(503);
    expect(body).toMatchObject({
      code: 'service_unavailable',
      detail: expect.stringContaining('no connection left'),
    });
    await app.query(`ALTER ROLE ${ROLE.name} CONNECTION LIMIT -1`);
    await eventually(() => request(app.http).get('/health/ready').expect(200));
  });
});
