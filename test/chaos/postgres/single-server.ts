import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../../src/infrastructure/database/migrate.js';
import { throwAwayDirectory } from '../../support/throw-away.js';
import type { DatabaseUnderTest, Fault } from '../database-under-test.js';
import type { HeldFault } from '../faults/held-fault.js';
import { FakeClock } from './fake-clock.js';
import { PostgresServer } from './postgres-server.js';
import { insertServiceKey } from '../../support/service-key.js';

const DATABASE = 'upblit_chaos';
const PROBE_TIMEOUT_MS = 1000;
const SET_UP_TIMEOUT_MS = 60_000;
const FREEZES_S = [3, 7, 13, 30];

const CLOCK_SET = 'database-clock-set';
/** Less than an access token is good for. */
const CLOCK_SHIFTS_S = [-3600, -30, 30, 3600];

export const SERVER_FAULTS = [
  'server-stopped',
  'server-killed',
  ...FREEZES_S.map((s) => `server-frozen-${s}`),
  CLOCK_SET,
];

/** One PostgreSQL, on a directory and a port of its own. */
export class SingleServer implements DatabaseUnderTest {
  readonly faults: readonly Fault[];
  countsLostAt: number | undefined;

  private constructor(
    private readonly directory: string,
    private readonly server: PostgresServer,
    clock: FakeClock | undefined,
  ) {
    this.faults = [
      ...(clock === undefined ? [] : [clockSet(clock)]),
      {
        name: 'server-stopped',
        inject: async () => {
          await server.stop();
          return () => server.start();
        },
      },
      {
        name: 'server-killed',
        inject: async () => {
          await server.kill();
          this.countsLostAt = performance.now();
          return () => server.start();
        },
      },
      ...FREEZES_S.map((seconds): HeldFault => ({
        name: `server-frozen-${seconds}`,
        holdMs: [seconds * 1000, seconds * 1000],
        inject: async () => {
          await server.freeze();
          return () => server.thaw();
        },
      })),
    ];
  }

  /** @param faults those that will be injected: for some of them it has to be prepared */
  static async start(faults: readonly string[]): Promise<SingleServer> {
    const directory = await throwAwayDirectory('upblit-chaos-');
    const clock = faults.includes(CLOCK_SET) ? await FakeClock.in(directory) : undefined;
    const server = await PostgresServer.create(join(directory, 'first'), clock?.variables);
    const single = new SingleServer(directory, server, clock);
    try {
      await server.start();
      await ask(server.url('postgres'), `CREATE DATABASE ${DATABASE}`, SET_UP_TIMEOUT_MS);
      await migrate(single.url);
      await insertServiceKey(single.url);
      return single;
    } catch (error) {
      await single.stop();
      throw error;
    }
  }

  get url(): string {
    return this.server.url(DATABASE);
  }

  async isWritable(): Promise<boolean> {
    // Written to the log alone, and committed as any other change.
    return await ask(this.url, `SELECT pg_logical_emit_message(true, 'probe', '')`, PROBE_TIMEOUT_MS).then(
      () => true,
      () => false,
    );
  }

  async stop(): Promise<void> {
    await this.server.remove();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Its clock is put back or ahead, and then right again. */
function clockSet(clock: FakeClock): Fault {
  return {
    name: CLOCK_SET,
    inject: async (random) => {
      await clock.shift(CLOCK_SHIFTS_S[Math.floor(random() * CLOCK_SHIFTS_S.length)]!);
      return () => clock.shift(0);
    },
  };
}

async function ask(url: string, sql: string, timeoutMs: number): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    client.end().catch(() => undefined);
  }
}
