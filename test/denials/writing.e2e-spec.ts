import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as Postgres } from 'pg';
import { Client, verify } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { startProxiedApp, type ProxiedApp } from '../support/proxied-app.js';

describe('what is written of denials', () => {
  let proxied: ProxiedApp;
  let direct: Postgres;

  beforeAll(async () => {
    proxied = await startProxiedApp({ env: { USAGE_FLUSH_MS: '20', DATABASE_STATEMENT_TIMEOUT_MS: '500' } });
    direct = new Postgres({ connectionString: proxied.database.url });
    await direct.connect();
  });
  afterAll(async () => {
    await direct.end();
    await proxied.proxy.stop();
    await proxied.database.drop();
  });

  it('is there once when the answer to its COMMIT is lost, and all of it after a clean shutdown', async () => {
    const { app, proxy } = proxied;
    const owner = await Client.signedIn(app);
    const { id, key } = await owner.issueKey(await owner.createApplication());
    const denials = async (): Promise<number> => {
      const { rowCount } = await direct.query('SELECT FROM denials WHERE ring_id = $1', [id]);
      return rowCount ?? 0;
    };
    const held = proxy.holdAt('INSERT INTO denials', 'after');
    await verify(app, key, { scopes: ['a'] });
    await held;
    await verify(app, key, { scopes: ['a'] });
    expect(await denials()).toBe(1);
    proxy.cut();
    await proxy.restore();
    await eventually(async () => {
      expect(await denials()).toBe(2);
    });
    await verify(app, key, { scopes: ['a'] });
    await app.stop();
    expect(await denials()).toBe(3);
  });
});
