import { EnvError } from '../config/env.js';
import { EmbeddedPostgresError } from '../infrastructure/embedded-postgres/index.js';
import { SchemaError } from '../infrastructure/database/check-schema.js';
import { StandbyRefused } from '../infrastructure/database/connection-errors.js';
import { MigrationLockError } from '../infrastructure/database/migrate.js';
import { fromDatabaseError } from '../infrastructure/database/postgres-errors.js';
import { ServingRoleError } from '../infrastructure/database/serving-role.js';
import { describeError } from '../infrastructure/logging/describe-error.js';
import { hasNoDescriptorsLeft, NO_DESCRIPTORS_LEFT } from './open-files.js';
import { WorkerError } from './workers.js';

/** Why the service did not start, in words for whoever started it. Only what nobody foresaw has a stack. */
export function explainFailure(error: unknown): string {
  for (const kind of [
    EnvError,
    EmbeddedPostgresError,
    MigrationLockError,
    SchemaError,
    ServingRoleError,
    StandbyRefused,
    WorkerError,
  ]) {
    if (error instanceof kind) return error.message;
  }
  if (hasNoDescriptorsLeft(error)) return NO_DESCRIPTORS_LEFT;
  const { code, message, stack } = describeError(error);
  if (code === 'EADDRINUSE') {
    const { port } = error as { port?: number };
    return `The port ${port === undefined ? 'is' : `${port} is`} taken by another process: set PORT to a free one.`;
  }
  if (code === 'EACCES') return 'The port may not be listened on by this user: set PORT to one above 1023.';
  if (code === 'EADDRNOTAVAIL') return 'HOST is not an address of this machine.';
  const ofDatabase = explainDatabase(code);
  if (ofDatabase !== undefined) return ofDatabase;
  if (fromDatabaseError(error) !== undefined)
    return `The database of DATABASE_URL is out of reach: ${code ?? message}.`;
  return stack ?? message;
}

/** What PostgreSQL says to a connection that it refuses, by its SQLSTATE. */
function explainDatabase(code: string | undefined): string | undefined {
  switch (code) {
    case '28P01':
      return 'PostgreSQL refuses the password, or the role, of DATABASE_URL (28P01).';
    case '28000':
      return 'PostgreSQL lets the role of DATABASE_URL not in from here (28000): see its pg_hba.conf.';
    case '3D000':
      return 'The database that DATABASE_URL names does not exist (3D000).';
    case '42501':
      return 'The role of DATABASE_URL may not do what it must (42501): run "npm run migrate", which gives it what it needs.';
    default:
      return undefined;
  }
}
