import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Agent, get } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/infrastructure/embedded-postgres/postmaster.js';
import { Client } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY } from '../support/test-app.js';
import { Gateway } from './gateway.js';
import { Upstream } from './upstream.js';

/** A start is a second of work, which a machine that runs other tests beside may draw out. */
jest.setTimeout(300_000);

let database: TestDatabase;
let directory: string;
let upstream: Upstream;
let ports: number[];
let nodes: ServiceProcess[];
let gateway: Gateway;

const startNode = (port: number): Promise<ServiceProcess> =>
  ServiceProcess.start(
    {
      DATABASE_URL: database.url,
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      BCRYPT_COST: '4',
      TRUST_PROXY: 'loopback',
      // What a busy machine does to time-outs is not the question here.
      VERIFY_LEASE_MS: '10000',
      DATABASE_POOL_WAIT_MS: '20000',
      PORT: String(port),
    },
    directory,
  );

beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'upblit-rolling-'));
  upstream = await Upstream.start();
  ports = [await freePort(), await freePort()];
  nodes = await Promise.all(ports.map(startNode));
  gateway = await Gateway.nginx({
    upblit: ports.map((port) => `127.0.0.1:${port}`).join(' '),
    upstream: upstream.address,
  });
});
afterAll(async () => {
  await gateway.stop();
  for (const node of nodes) await node.stop();
  await upstream.stop();
  await database.drop();
  await rm(directory, { recursive: true });
});

it('both nodes are restarted, one after the other, behind nginx under load, and no request fails', async () => {
  const client = await Client.signedIn(nodes[0]!);
  const { key } = await client.issueKey(await client.createApplication());
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const statuses = new Map<number | string, number>();
  let isOver = false;
  const load = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const status = await ask(gateway.port, key, agent);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  });
  for (const [i, port] of ports.entries()) {
    await nodes[i]!.stop();
    nodes[i] = await startNode(port);
  }
  isOver = true;
  await Promise.all(load);
  agent.destroy();
  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(100);
});

function ask(port: number, key: string, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/', agent, headers: { 'x-api-key': key } },
      (answer) => {
        answer.resume().on('end', () => {
          resolve(answer.statusCode ?? 0);
        });
      },
    );
    request.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
  });
}
