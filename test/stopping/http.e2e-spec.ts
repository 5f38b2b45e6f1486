import { Agent, request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as PostgresClient } from 'pg';
import { shutDown } from '../../src/process/shut-down.js';
import { Client } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { AS_SERVICE } from '../support/service-key.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

interface Outcome {
  /** Milliseconds, on the clock of `performance.now()`. */
  sentAt: number;
  status?: number;
  connection?: string | undefined;
  /** What Node calls the failure. */
  failure?: string;
}

function call(port: number, path: string, agent: Agent, body?: string): Promise<Outcome> {
  const outcome: Outcome = { sentAt: performance.now() };
  return new Promise((resolve) => {
    const request = httpRequest(
      {
        port,
        host: '127.0.0.1',
        path,
        agent,
        method: body === undefined ? 'GET' : 'POST',
        headers: body === undefined ? {} : { 'content-type': 'application/json', ...AS_SERVICE },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => {
          resolve({ ...outcome, status: answer.statusCode!, connection: answer.headers.connection });
        });
        answer.on('error', (error: NodeJS.ErrnoException) => {
          resolve({ ...outcome, failure: error.code ?? error.message });
        });
      },
    );
    request.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ ...outcome, failure: error.code ?? error.message });
    });
    request.end(body);
  });
}

describe('shutting down', () => {
  it('under load answers every request that was taken', async () => {
    const app = await TestApp.start({ database });
    const client = await Client.signedIn(app);
    const { key } = await client.issueKey(await client.createApplication());
    const { port } = app;
    const agent = new Agent({ keepAlive: true });
    const outcomes: Outcome[] = [];
    let isOver = false;
    const callers = Array.from({ length: 20 }, async () => {
      while (!isOver) {
        const outcome = await call(port, '/apikey/verify', agent, JSON.stringify({ key }));
        outcomes.push(outcome);
        // Nothing listens any more: the others have been told to close.
        if (outcome.failure === 'ECONNREFUSED') break;
      }
    });
    await eventually(() => {
      expect(outcomes.length).toBeGreaterThan(200);
    });
    await shutDown(app.nest, app.env);
    isOver = true;
    await Promise.all(callers);
    agent.destroy();

    const failures = new Set(outcomes.flatMap(({ failure }) => failure ?? []));
    expect([...failures]).toEqual(['ECONNREFUSED']);
    const statuses = new Set(outcomes.flatMap(({ status }) => status ?? []));
    expect([...statuses]).toEqual([200]);
  });

  it('answers a request that is running, and tells its client to close', async () => {
    const app = await TestApp.start({ database });
    const { port } = app;
    const holder = new PostgresClient({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE migrations IN ACCESS EXCLUSIVE MODE');
    const agent = new Agent({ keepAlive: true });
    // Waits for the lock, for as long as readiness waits.
    const running = call(port, '/health/ready', agent);
    const kept = new Agent({ keepAlive: true });
    expect(await call(port, '/health/live', kept)).toMatchObject({
      status: 200,
      connection: 'keep-alive',
    });

    const ended = shutDown(app.nest, app.env);
    await eventually(() => {
      expect(app.http.listening).toBe(false);
    });
    // The connection that is kept may be used once more.
    expect(await call(port, '/health/live', kept)).toMatchObject({ status: 200, connection: 'close' });
    await holder.end();
    expect(await running).toMatchObject({ status: 200 });
    await ended;
    expect(await call(port, '/health/live', agent)).toMatchObject({ failure: 'ECONNREFUSED' });
    agent.destroy();
    kept.destroy();
  });

  it('is not ready from the beginning, and takes connections until the load balancer has noticed', async () => {
    const app = await TestApp.start({ database, env: { SHUTDOWN_DELAY_MS: '400' } });
    const agent = new Agent({ keepAlive: false });
    const { port } = app;
    const ended = shutDown(app.nest, app.env);
    expect(await call(port, '/health/ready', agent)).toMatchObject({ status: 503 });
    expect(await call(port, '/health/live', agent)).toMatchObject({ status: 200 });
    await ended;
    expect(await call(port, '/health/live', agent)).toMatchObject({ failure: 'ECONNREFUSED' });
  });

  it('cuts off what takes longer than the time for it', async () => {
    const app = await TestApp.start({ database, env: { SHUTDOWN_TIMEOUT_MS: '200' } });
    const client = await Client.signedIn(app);
    const id = await client.createApplication();
    const holder = new PostgresClient({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE applications IN ACCESS EXCLUSIVE MODE');
    const running = client.get(`/applications/${id}`).then(
      () => 'answered',
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
    await eventually(async () => {
      const { rowCount } = await holder.query(
        "SELECT FROM pg_locks WHERE NOT granted AND relation = 'applications'::regclass",
      );
      expect(rowCount).toBe(1);
    });
    const startedAt = performance.now();
    const ended = shutDown(app.nest, app.env);
    expect(await running).toBe('ECONNRESET');
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await holder.end();
    await ended;
  });
});
