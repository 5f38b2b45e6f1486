import { EnvError } from '../config/env.js';
import { EmbeddedPostgresError } from '../infrastructure/embedded-postgres/index.js';
import { StandbyRefused } from '../infrastructure/database/connection-errors.js';
import { MigrationLockError } from '../infrastructure/database/migrate.js';
import { fromDatabaseError } from '../infrastructure/database/postgres-errors.js';
import { describeError } from '../infrastructure/logging/describe-error.js';
import { WorkerError } from './workers.js';

/** Why the service did not start, in words for whoever started it. Only what nobody foresaw has a stack. */
export function explainFailure(error: unknown): string {
  for (const kind of [EnvError, EmbeddedPostgresError, MigrationLockError, StandbyRefused, WorkerError]) {
    if (error instanceof kind) return error.message;
  }
  const { code, message, stack } = describeError(error);
  if (code === 'EADDRINUSE') return 'The port is taken by another process: set PORT to a free one.';
  if (code === 'EACCES') return 'The port may not be listened on by this user: set PORT to one above 1023.';
  if (code === 'EADDRNOTAVAIL') return 'HOST is not an address of this machine.';
  if (fromDatabaseError(error) !== undefined)
    return `The database of DATABASE_URL is out of reach: ${code ?? message}.`;
  return stack ?? message;
}
