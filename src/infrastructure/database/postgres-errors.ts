import { DomainError } from '../../shared/domain-error.js';
import { isError } from '../is-error.js';

/** Classes and codes of SQLSTATE (PostgreSQL, appendix A) after which the same call may succeed a little later. */
const UNAVAILABLE = [
  '08', // connection exception
  '53', // insufficient resources: too many connections, disk full, out of memory
  '57P', // shutting down, crashed, starting up, session ended
  '57014', // statement time-out
  '55P03', // lock time-out
  '58', // system error: input or output failed
  '25006', // read only: a standby, or a primary that was demoted
  '25P03', // idle in transaction for too long
  '25P04', // transaction time-out
  '40001', // serialization failure
  '40P01', // deadlock
  '42P05', // the prepared statement of somebody else, through a pooler that was taken for the server until now
  '26000', // ours is gone, for the same reason
  '28', // the database does not let us in: its password is being changed
  '3D000', // the database is not there: it is being restored
];

/** A character that PostgreSQL cannot store: NUL, or half of a surrogate pair. */
const BAD_TEXT = ['22021', '22P05'];

/** How Node says that the other side cannot be reached. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_SOCKET_CLOSED',
]);

/** What pg and its pool say without a code. */
const PG_MESSAGES = [
  'timeout exceeded when trying to connect',
  'timeout expired',
  'connection terminated',
  'query read timeout',
  'client has encountered a connection error',
  'client was closed',
  'cannot use a pool after calling end',
];

/** How TypeORM says that it has no connection, or none any more in the middle of a transaction. */
const TYPEORM_NAMES = new Set([
  'ConnectionIsNotSetError',
  'CannotExecuteNotConnectedError',
  'CannotGetEntityManagerNotConnectedError',
  'DriverConnectionError',
  'QueryRunnerAlreadyReleasedError',
  'QueryRunnerProviderAlreadyReleasedError',
]);

/**
 * What the caller is told of an error of PostgreSQL, pg or TypeORM: `service_unavailable` when the database is
 * out of reach or the call may simply be repeated, `invalid_request` for text it cannot store. Undefined for
 * everything else, which is a bug of ours.
 */
export function fromDatabaseError(error: unknown): DomainError | undefined {
  if (!isError(error)) return undefined;
  const code = codeOf(error);
  if (code !== undefined && BAD_TEXT.includes(code)) {
    return new DomainError('invalid_request', 'Leave out characters that no text can hold, such as NUL.', {
      cause: error,
    });
  }
  if (!isUnavailable(error, code)) return undefined;
  return new DomainError('service_unavailable', 'Try again in a moment.', { retryAfter: 1, cause: error });
}

function isUnavailable(error: Error, code: string | undefined): boolean {
  if (code !== undefined && NETWORK.has(code)) return true;
  if (isSystemError(error)) return error.syscall === 'connect';
  if (code !== undefined && UNAVAILABLE.some((prefix) => code.startsWith(prefix))) return true;
  if (TYPEORM_NAMES.has(error.name)) return true;
  const message = error.message.toLowerCase();
  return PG_MESSAGES.some((beginning) => message.startsWith(beginning));
}

/** The SQLSTATE, or Node's code; TypeORM copies both from the driver's error to its own. */
function codeOf(error: Error): string | undefined {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function isSystemError(error: Error): error is Error & { syscall: string } {
  return 'syscall' in error && typeof error.syscall === 'string';
}
