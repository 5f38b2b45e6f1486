import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS, TEST_SIGNING_KEY } from '../support/test-app.js';

/** A start is half a second of work, which a machine that runs other tests beside may draw out. */
jest.setTimeout(120_000);

let database: TestDatabase;
let directory: string;
beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'upblit-process-'));
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

function start(env: Record<string, string> = {}): Promise<ServiceProcess> {
  return ServiceProcess.start(
    {
      DATABASE_URL: database.url,
      API_KEY_PEPPERS: TEST_PEPPERS,
      JWT_SIGNING_KEY: TEST_SIGNING_KEY,
      BCRYPT_COST: '4',
      ...env,
    },
    directory,
  );
}

/** Everything that a start which fails has written. */
async function failure(env: Record<string, string>): Promise<string> {
  try {
    await start(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('The service has started');
}

const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe('a service that has started', () => {
  let service: ServiceProcess;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(() => service.stop());

  (hasCurl ? it : it.skip)(
    'prints a walk that works when it is pasted into a shell, again and again',
    async () => {
      const [walk] = /^UPBLIT=[\s\S]*?&& echo$/m.exec(service.output)!;
      for (let i = 0; i < 2; i++) {
        const shell = spawn('sh', { stdio: ['pipe', 'pipe', 'inherit'] });
        let output = '';
        shell.stdout.on('data', (text: Buffer) => (output += text.toString()));
        shell.stdin.end(`${walk}\n`);
        await once(shell, 'close');
        expect(output).toMatch(/^The key: upblit_live_[0-9A-Za-z]{36}\n\{"valid":true,"code":"VALID",/);
      }
    },
  );

  it('logs one line of JSON for a call of a person, and none for a verification', async () => {
    const before = service.output.length;
    await fetch(`${service.url}/apikey/verify`, { method: 'POST', body: '{}' });
    await fetch(`${service.url}/nothing?email=someone@example.org`);
    const lines = await eventually(() => {
      const text = service.output.slice(before);
      expect(text).toContain('answered');
      return text.trim().split('\n');
    });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: 30,
      method: 'GET',
      route: 'unmatched',
      url: '/nothing?email=[redacted]',
      status: 404,
      client: '127.0.0.1',
    });
  });

  it('lives on when the database ends its idle sessions', async () => {
    await fetch(`${service.url}/health/ready`);
    const administrator = new PostgresClient({ connectionString: database.url });
    await administrator.connect();
    await administrator.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
    );
    await administrator.end();
    await eventually(async () => {
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    });
    expect(service.output).toContain('PostgreSQL has closed an idle connection');
  });
});

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGHUP'] as const)('%s ends it in good order', async (signal) => {
    const service = await start();
    service.signal(signal);
    expect(await service.exitCode()).toBe(0);
    expect(service.output).not.toMatch(/error|failed/i);
    await eventually(() => {
      const lines = service.output.split('\n').filter((line) => line.startsWith('{"level"'));
      const entries = lines.map((line) => JSON.parse(line) as { msg: string });
      expect(entries.find(({ msg }) => msg.startsWith('the service ends'))).toMatchObject({ signal });
      expect(entries.at(-1)).toMatchObject({ exitCode: 0, msg: 'the service has ended' });
    });
  });

  it('a signal that follows at once is the same one: npm passes on what the terminal has sent', async () => {
    const service = await start();
    service.signal('SIGINT');
    service.signal('SIGINT');
    expect(await service.exitCode()).toBe(0);
  });

  it('a second signal ends it at once, whatever is running', async () => {
    const service = await start({ SHUTDOWN_DELAY_MS: '60000' });
    service.signal('SIGTERM');
    await eventually(async () => {
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
    });
    // Within half a second it would be the same signal.
    await sleep(600);
    service.signal('SIGTERM');
    expect(await service.exitCode()).toBe(1);
  });
});

describe('a start that fails says why, without a stack', () => {
  it('when variables are bad', async () => {
    const output = await failure({ PORT: 'http', BCRYPT_COST: '99' });
    expect(output).toContain('PORT must be an integer');
    expect(output).toContain('BCRYPT_COST must be an integer');
    expect(output).not.toContain('    at ');
  });

  it('when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const output = await failure({ PORT: String((other.address() as AddressInfo).port) });
    expect(output).toContain('set PORT to a free one');
    expect(output).not.toContain('    at ');
    other.close();
  });

  const migrateOnStart = ['true', 'false'];

  it.each(migrateOnStart)(
    'when the database cannot be reached (MIGRATE_ON_START=%s), and does not tell its password',
    async (MIGRATE_ON_START) => {
      const output = await failure({
        DATABASE_URL: 'postgres://someone:hunter2@127.0.0.1:1/nothing',
        MIGRATE_ON_START,
      });
      expect(output).toContain('The database of DATABASE_URL is out of reach: ECONNREFUSED.');
      expect(output).not.toMatch(/hunter2| {4}at |retrying/i);
    },
  );

  it.each(migrateOnStart)('when the password is wrong (MIGRATE_ON_START=%s)', async (MIGRATE_ON_START) => {
    const url = new URL(database.url);
    url.password = 'hunter2';
    const output = await failure({ DATABASE_URL: url.href, MIGRATE_ON_START });
    expect(output).toContain('PostgreSQL refuses the password, or the role, of DATABASE_URL (28P01).');
    expect(output).not.toMatch(/hunter2| {4}at |retrying/i);
  });
});
