import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import request from 'supertest';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TestApp } from '../support/test-app.js';

describe('a start', () => {
  let database: TestDatabase;
  let server: Server;
  const opened: Socket[] = [];
  let ignored = 1;

  /** Takes connections, answers nothing on the first ones, and leads the others to PostgreSQL. */
  beforeAll(async () => {
    database = await createTestDatabase();
    const target = new URL(database.url);
    server = createServer((client) => {
      opened.push(client.on('error', () => client.destroy()));
      if (opened.length <= ignored) return;
      const upstream = connect(Number(target.port), target.hostname);
      upstream.on('error', () => client.destroy());
      client.pipe(upstream).pipe(client);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(async () => {
    for (const socket of opened) socket.destroy();
    server.close();
    await database.drop();
  });

  const start = (): Promise<TestApp> => {
    opened.length = 0;
    const url = new URL(database.url);
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return TestApp.start({ database: { ...database, url: url.href }, env: { DATABASE_POOL_WAIT_MS: '500' } });
  };

  it('opens another connection when the first is not answered in time', async () => {
    const app = await start();
    await request(app.http).get('/health/ready').expect(200);
    await app.stop();
  });

  it('ends when none is', async () => {
    ignored = Infinity;
    await expect(start()).rejects.toThrow('connection timeout');
    expect(opened).toHaveLength(5);
  });
});
