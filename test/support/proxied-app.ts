import { createTestDatabase, type TestDatabase } from './database.js';
import { TcpProxy } from './tcp-proxy.js';
import { TestApp, type TestAppOptions } from './test-app.js';

export interface ProxiedApp {
  app: TestApp;
  proxy: TcpProxy;
  /** As it is reached by whoever does not go through the proxy. */
  database: TestDatabase;
  stop(): Promise<void>;
}

/** Starts a service whose connections to a database of its own all lead through a proxy. */
export async function startProxiedApp(options: Pick<TestAppOptions, 'env' | 'log'>): Promise<ProxiedApp> {
  const database = await createTestDatabase();
  const { proxy, url } = await TcpProxy.before(database.url);
  const app = await TestApp.start({ ...options, database: { url, drop: () => database.drop() } });
  return {
    app,
    proxy,
    database,
    stop: async () => {
      await app.stop();
      await proxy.stop();
      await database.drop();
    },
  };
}
