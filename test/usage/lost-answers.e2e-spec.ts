import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { Client, verify, type CreatedKey } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { startProxiedApp, type ProxiedApp } from '../support/proxied-app.js';

/* Whoever sent a flush and was not answered does not know whether it was committed. */
describe('a flush of usage that is not answered', () => {
  let proxied: ProxiedApp;
  let direct: Postgres;
  let key: CreatedKey;
  let log: string;

  beforeEach(() => {
    log = '';
  });

  async function start(env: Record<string, string> = {}): Promise<void> {
    proxied = await startProxiedApp({
      env: { USAGE_FLUSH_MS: '20', LOG_LEVEL: 'warn', ...env },
      log: { write: (line) => (log += line) },
    });
    direct = new Postgres({ connectionString: proxied.database.url });
    await direct.connect();
    const owner = await Client.signedIn(proxied.app);
    key = await owner.issueKey(await owner.createApplication());
  }
  afterEach(async () => {
    await direct.end();
    await proxied.stop();
  });

  it('is counted once when it was committed and the connection breaks', async () => {
    // It must not be given up before it is cut.
    await start({ DATABASE_STATEMENT_TIMEOUT_MS: '60000' });
    const { app, proxy } = proxied;
    // From then on it is in memory: no flush may come between the look at the service key and the verdict.
    await verify(app, key.key);
    await eventually(async () => {
      expect(await counted()).toBe(1);
    });
    const held = proxy.holdAt('write_usage', 'after');
    await verify(app, key.key);
    await held;
    await verify(app, key.key);
    expect(await counted()).toBe(2);
    proxy.cut();
    await proxy.restore();
    await eventually(async () => {
      expect(await counted()).toBe(3);
    });
    expect(log).toContain('could not write how often keys were used');
  });

  it('is counted once when it arrives after the attempt that took its place', async () => {
    await start({ DATABASE_STATEMENT_TIMEOUT_MS: '500' });
    const { app, proxy } = proxied;
    const held = proxy.holdAt('write_usage', 'before');
    await verify(app, key.key);
    await held;
    await verify(app, key.key);
    await eventually(async () => {
      expect(await counted()).toBe(2);
    });
    // Now the first attempt gets through, and locks the row that says what was written.
    const before = await lock();
    await proxy.restore();
    await eventually(async () => {
      expect(await lock()).not.toBe(before);
    });
    expect(await counted()).toBe(2);
  });

  async function counted(): Promise<number> {
    const { rows } = await direct.query<{ count: string }>(
      'SELECT coalesce(sum(count), 0) AS count FROM usage_hours WHERE api_key_id = $1',
      [key.id],
    );
    return Number(rows[0]?.count);
  }

  /** The last transaction that has locked what this process has written last. */
  async function lock(): Promise<string | undefined> {
    const { rows } = await direct.query<{ xmax: string }>('SELECT xmax::text FROM usage_writers');
    return rows[0]?.xmax;
  }
});
