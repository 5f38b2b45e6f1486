import globalSetup from './global-setup.mjs';

/**
 * What `global-setup.mjs` does, and a PgBouncer in transaction mode before that PostgreSQL, of which TEST_POOLER_PORT
 * tells. It has fewer connections than the clients of a test file may have, so that they are lent each other's.
 */
export default async function globalSetupPooler() {
  await globalSetup();
  const { PgBouncer } = await import('./pgbouncer.ts');
  const pooler = await PgBouncer.before(process.env.TEST_DATABASE_URL, { default_pool_size: '10' });
  process.env.TEST_POOLER_PORT = String(pooler.port);
  globalThis.stopTestPooler = () => pooler.stop();
}
