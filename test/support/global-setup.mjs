import { rm } from 'node:fs/promises';
import './typescript.mjs';

/**
 * Starts one throw-away PostgreSQL for the whole run, which trades durability for speed, and tells the test
 * files where it is by TEST_DATABASE_URL. Each file makes a database of its own in it.
 */
export default async function globalSetup() {
  const { startEmbeddedPostgres, removeEmbeddedPostgres } =
    await import('../../src/infrastructure/embedded-postgres/index.ts');
  const { throwAwayDirectory } = await import('./throw-away.ts');
  const directory = await throwAwayDirectory('upblit-test-');
  const postgres = await startEmbeddedPostgres({
    dataDir: directory,
    log: () => undefined,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '300',
    },
  });
  process.env.TEST_DATABASE_URL = postgres.url;
  globalThis.stopTestPostgres = async () => {
    await postgres.stop();
    await removeEmbeddedPostgres(directory);
    await rm(directory, { recursive: true, force: true });
  };
}
