import { isError } from '../is-error.js';
import { REDACTED, scrub } from './scrub.js';

/** What a log says of an error: named fields only. */
export interface ErrorDescription {
  type: string;
  message: string;
  stack?: string;
  code?: string;
  /** Of PostgreSQL's errors: which constraint, table, column or function complained. */
  constraint?: string;
  table?: string;
  column?: string;
  routine?: string;
  cause?: ErrorDescription;
}

/** The class of SQLSTATEs whose errors quote a value: data exceptions. */
const DATA_EXCEPTION = '22';

const STRING_FIELDS = ['code', 'constraint', 'table', 'column', 'routine'] as const;

/** The depth to which causes of an error are logged. */
const MAX_CAUSES = 3;

/**
 * Describes an error by a list of fields that may be logged. Everything else stays out: TypeORM's errors carry
 * the statement and its parameters, PostgreSQL's `detail` quotes the row, Node's carry the raw bytes of a request.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!isError(error)) return { type: typeof error, message: 'something that is no Error was thrown' };
  const message = messageOf(error);
  const description: ErrorDescription = { type: error.name, message };
  // A stack begins with the message as it was.
  if (error.stack !== undefined) description.stack = scrub(error.stack.replace(error.message, () => message));
  for (const field of STRING_FIELDS) {
    const value: unknown = (error as unknown as Record<string, unknown>)[field];
    if (typeof value === 'string') description[field] = scrub(value);
  }
  if (error.cause !== undefined && depth < MAX_CAUSES) {
    description.cause = describeError(error.cause, depth + 1);
  }
  return description;
}

function messageOf(error: Error): string {
  const message = scrub(error.message);
  const isQuoting =
    'code' in error && typeof error.code === 'string' && error.code.startsWith(DATA_EXCEPTION);
  return isQuoting ? message.replace(/"[^]*"/, `"${REDACTED}"`) : message;
}
