import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import request from 'supertest';
import { Client } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { TEST_PEPPERS } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

const SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

/** A connection that is kept, and so stays with one worker. */
class Connection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly service: ServiceProcess) {}

  /** The process at its other end, as the log names it. */
  async pid(): Promise<number> {
    const requestId = randomUUID();
    await request(this.service.http).get('/auth/me').agent(this.#agent).set('X-Request-Id', requestId);
    return eventually(() => {
      const line = this.service.output.split('\n').find((text) => text.includes(requestId));
      return (JSON.parse(line ?? '') as { pid: number }).pid;
    });
  }

  async verdict(key: string): Promise<unknown> {
    const answer = await request(this.service.http)
      .post('/apikey/verify')
      .set(AS_SERVICE)
      .agent(this.#agent)
      .send({ key });
    return answer.body.code;
  }

  async metrics(): Promise<string> {
    const { text } = await request(this.service.http).get('/metrics').agent(this.#agent).expect(200);
    return text;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A service of two workers. */
function start(database: TestDatabase): Promise<ServiceProcess> {
  return ServiceProcess.start(
    {
      WEB_CONCURRENCY: '2',
      DATABASE_URL: database.url,
      JWT_SIGNING_KEY: SIGNING_KEY,
      API_KEY_PEPPERS: TEST_PEPPERS,
      BCRYPT_COST: '4',
    },
    tmpdir(),
  );
}

async function pidsOfWorkers(service: ServiceProcess): Promise<number[]> {
  return eventually(async () => {
    const connections = Array.from({ length: 4 }, () => new Connection(service));
    const pids = new Set(await Promise.all(connections.map((connection) => connection.pid())));
    for (const connection of connections) connection.close();
    expect(pids.size).toBe(2);
    return [...pids];
  });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The values of a metric by worker. */
function samples(text: string, name: string, labels: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
  return new Map(
    lines.map((line) => {
      const [, worker = '', value = ''] = /worker="(\d+)"\} (\S+)$/.exec(line) ?? [];
      return [worker, Number(value)];
    }),
  );
}

describe('two workers', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  let client: Client;
  let applicationId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await start(database);
    client = await Client.signedIn(service);
    applicationId = await client.createApplication();
  }, 60_000);

  afterAll(async () => {
    await service.stop();
    await database.drop();
  });

  it('say at their start that they do not count rate limits together', () => {
    expect(service.output).toContain('RATE_LIMIT_STORE=postgres counts them together');
  });

  it('serve one port, and neither accepts a key whose revocation has been answered', async () => {
    const [one, other] = await connectionsToBoth();
    for (let round = 0; round < 20; round++) {
      const { id, key } = await client.issueKey(applicationId);
      expect([await one.verdict(key), await other.verdict(key)]).toEqual(['VALID', 'VALID']);
      await client.delete(`/apikey/${id}`).expect(204);
      expect(await Promise.all([one.verdict(key), other.verdict(key)])).toEqual(['REVOKED', 'REVOKED']);
    }
    one.close();
    other.close();
  });

  it('say once that they are ready', () => {
    expect(service.output.match(/is ready/g)).toHaveLength(1);
  });

  it('are replaced when they are killed, while the other one serves and revokes', async () => {
    const { id, key } = await client.issueKey(applicationId);
    const [one, other] = await connectionsToBoth();
    const killed = await one.pid();
    process.kill(killed, 'SIGKILL');
    one.close();
    expect(await other.verdict(key)).toBe('VALID');
    // Until then node:cluster may hand a new connection to the one that is dead.
    await eventually(() => {
      // A line of JSON as all others.
      const line = service.output.split('\n').find((text) => text.includes('a worker has ended'));
      expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 40, workerPid: killed, reason: 'SIGKILL' });
    });

    await client.delete(`/apikey/${id}`).expect(204);
    expect(await other.verdict(key)).toBe('REVOKED');
    other.close();

    const replaced = await connectionsToBoth();
    expect(await Promise.all(replaced.map((connection) => connection.pid()))).not.toContain(killed);
    for (const connection of replaced) {
      expect(await connection.verdict(key)).toBe('REVOKED');
      connection.close();
    }
  }, 60_000);

  it('tell Prometheus of all of them, whichever is asked, and each by its name', async () => {
    const connections = await connectionsToBoth();
    for (const connection of connections) {
      for (let i = 0; i < 3; i++) await connection.verdict('any');
    }
    const told = await Promise.all(connections.map((connection) => connection.metrics()));
    for (const text of told) {
      const verifications = samples(
        text,
        'upblit_http_requests_total',
        'route="/apikey/verify",status="200"',
      );
      expect([...verifications.keys()]).toHaveLength(2);
      for (const count of verifications.values()) expect(count).toBeGreaterThanOrEqual(3);
      expect(samples(text, 'process_start_time_seconds', '').size).toBe(2);
      expect(text.match(/^# TYPE upblit_http_requests_total counter$/gm)).toHaveLength(1);
    }
    for (const connection of connections) connection.close();
  });

  it('tell of the others while one of them is frozen', async () => {
    const [one, other] = await connectionsToBoth();
    const frozen = await one.pid();
    process.kill(frozen, 'SIGSTOP');
    try {
      expect(samples(await other.metrics(), 'process_start_time_seconds', '').size).toBe(1);
    } finally {
      process.kill(frozen, 'SIGCONT');
    }
    expect(samples(await other.metrics(), 'process_start_time_seconds', '').size).toBe(2);
    one.close();
    other.close();
  });

  it('end by SIGTERM without dropping a request that has begun', async () => {
    const { key } = await client.issueKey(applicationId);
    const answers: unknown[] = [];
    const failures: unknown[] = [];
    const callers = Array.from({ length: 8 }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (;;) {
        try {
          const answer = await request(service.http)
            .post('/apikey/verify')
            .set(AS_SERVICE)
            .agent(agent)
            .send({ key });
          answers.push(answer.body.code);
          // Told to go elsewhere: a new connection might find the port already closed.
          if (answer.headers.connection === 'close') return;
        } catch (error) {
          // No longer there: the end that a client may expect.
          if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') failures.push(error);
          return;
        }
      }
    });
    await eventually(() => {
      expect(answers.length).toBeGreaterThan(100);
    });
    await service.stop();
    expect(await service.exitCode()).toBe(0);
    await Promise.all(callers);
    expect(failures).toEqual([]);
    expect(new Set(answers)).toEqual(new Set(['VALID']));
  });

  /** One connection to each worker. */
  async function connectionsToBoth(): Promise<[Connection, Connection]> {
    const byPid = new Map<number, Connection>();
    return eventually(async () => {
      const connection = new Connection(service);
      const pid = await connection.pid();
      if (byPid.has(pid)) connection.close();
      else byPid.set(pid, connection);
      const [one, other] = byPid.values();
      if (one === undefined || other === undefined) throw new Error('Both connections are with one worker');
      return [one, other];
    }, 40_000);
  }
});

describe('workers that are told to end', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  let workers: number[];
  let holder: PostgresClient;
  /** A request that runs until the holder lets go. */
  let running: Promise<number>;

  beforeEach(async () => {
    database = await createTestDatabase();
    service = await start(database);
    workers = await pidsOfWorkers(service);
    const client = await Client.signedIn(service);
    holder = new PostgresClient({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE applications');
    running = client.get('/applications').then(
      ({ status }) => status,
      () => 0,
    );
    await eventually(async () => {
      const { rowCount } = await holder.query(
        "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'",
      );
      expect(rowCount).toBe(1);
    });
  }, 60_000);
  afterEach(async () => {
    await service.kill();
    await holder.end();
    await database.drop();
  });

  it('by Ctrl-C, which a terminal sends to each of them too, answer what is running', async () => {
    service.signal('SIGINT');
    for (const pid of workers) process.kill(pid, 'SIGINT');
    // Not by a request: a connection that is on its way to a worker which closes is lost, and would wait for its end.
    await eventually(() => {
      expect(service.output).toContain('the service ends');
    });
    await holder.query('COMMIT');
    expect(await running).toBe(200);
    expect(await service.exitCode()).toBe(0);
    expect(workers.filter(isRunning)).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('end at once by a second %s', async (signal) => {
    service.signal(signal);
    // Within half a second it would be the same signal.
    await sleep(600);
    expect(workers.some(isRunning)).toBe(true);
    service.signal(signal);
    expect(await service.exitCode()).toBe(1);
    expect(await running).toBe(0);
    await eventually(() => {
      expect(workers.filter(isRunning)).toEqual([]);
    });
  });
});

describe('workers', () => {
  it('that cannot start end the service, which says why once', async () => {
    const started = ServiceProcess.start(
      {
        WEB_CONCURRENCY: '3',
        HOST: '192.0.2.1',
        DATABASE_URL: process.env.TEST_DATABASE_URL!,
        MIGRATE_ON_START: 'true',
        JWT_SIGNING_KEY: SIGNING_KEY,
        API_KEY_PEPPERS: TEST_PEPPERS,
      },
      tmpdir(),
    );
    const failure = await started.then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(failure.match(/HOST is not an address of this machine/g)).toHaveLength(1);
    expect(failure.match(/A worker has ended before it served/g)).toHaveLength(1);
  });
});
