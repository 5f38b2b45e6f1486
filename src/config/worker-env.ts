import type { Env } from './env.js';
import { FILE_SUFFIX } from './secret-files.js';

/**
 * The variables that make a worker a node on the database, and with the secrets, that its primary has opened. The
 * others it inherits.
 */
export function workerVariables(env: Env): Record<string, string> {
  const { DATABASE_URL, DATABASE_DIRECT_URL, JWT_SIGNING_KEY, AUDIT_SIGNING_KEY, API_KEY_PEPPERS } = env;
  if (DATABASE_URL === undefined || JWT_SIGNING_KEY === undefined || API_KEY_PEPPERS === undefined) {
    throw new Error('A worker needs the database and the secrets of its primary');
  }
  const given = {
    DATABASE_URL,
    DATABASE_DIRECT_URL: DATABASE_DIRECT_URL ?? '',
    // A worker migrates nothing.
    DATABASE_MIGRATION_URL: '',
    JWT_SIGNING_KEY: JWT_SIGNING_KEY.export({ type: 'pkcs8', format: 'pem' }).toString(),
    AUDIT_SIGNING_KEY: AUDIT_SIGNING_KEY?.export({ type: 'pkcs8', format: 'pem' }).toString() ?? '',
    API_KEY_PEPPERS: API_KEY_PEPPERS.map(
      ({ version, key }) => `${version}=${key.toString('base64url')}`,
    ).join(),
  };
  // An empty value counts as none, and keeps the worker from reading what its primary has read.
  const files = Object.keys(given).map((name) => [name + FILE_SUFFIX, '']);
  return { ...given, ...(Object.fromEntries(files) as Record<string, string>) };
}
