import { DomainError } from '../../shared/domain-error.js';
import { isError } from '../is-error.js';

/** Classes and codes of SQLSTATE (PostgreSQL, appendix A) after which the same call may succeed a little later. */
const UNAVAILABLE = [
  '08', // connection exception; PgBouncer says everything with 08P01
  '25006', // read only: a standby, or a primary that was demoted
  '25P02', // the transaction has failed: COMMIT was answered by ROLLBACK
  '25P03', // idle in transaction for too long
  '25P04', // transaction time-out
  '26000', // our prepared statement is gone, through a pooler that was taken for the server until now
  '28', // the database does not let us in: its password is being changed
  '3D000', // the database is not there: it is being restored
  '40', // transaction rollback: serialization failure, deadlock
  '42P05', // the prepared statement is somebody else's, through a pooler that was taken for the server until now
  '53', // insufficient resources: too many connections, disk full, out of memory
  '55P03', // lock time-out
  '57', // operator intervention: statement cancelled or timed out, shutting down, crashed, starting up
  '58', // system error: input or output failed
  '72000', // snapshot too old
  'F0', // its configuration is being changed
  'XX001', // data corrupted
  'XX002', // index corrupted
];

/**
 * What a server says that can only read, has run out of numbers, or lets nobody in for the moment. It uses codes for
 * it that mean a bug otherwise: XX000, 0A000, 54000, 55000.
 */
const STATES_OF_SERVER = [
  /during recovery$/i,
  /^recovery is in progress/i,
  /^database is not accepting commands/i,
  /is not currently accepting connections$/i,
];

/** A character that PostgreSQL cannot store: NUL, or half of a surrogate pair. */
const BAD_TEXT = ['22021', '22P05'];

/** Classes of what is refused for what it says: cardinality violation, data exception, integrity constraint violation. */
const REFUSED_DATA = ['21', '22', '23'];

/** How Node says that the other side cannot be reached, or trusted. */
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
  // The certificate of the database is invalid or has expired.
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
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
  'the server does not support ssl connections',
  'there was an error establishing an ssl connection',
  'sasl:',
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

/** Whether the database refuses what it was sent for what that says, and so would refuse it again. */
export function isRefusalOfData(error: unknown): boolean {
  const code = isError(error) ? codeOf(error) : undefined;
  return code !== undefined && REFUSED_DATA.some((prefix) => code.startsWith(prefix));
}

function isUnavailable(error: Error, code: string | undefined): boolean {
  if (code !== undefined && NETWORK.has(code)) return true;
  if (isSystemError(error)) return error.syscall === 'connect';
  if (code !== undefined && UNAVAILABLE.some((prefix) => code.startsWith(prefix))) return true;
  if (TYPEORM_NAMES.has(error.name)) return true;
  if (STATES_OF_SERVER.some((state) => state.test(error.message))) return true;
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
