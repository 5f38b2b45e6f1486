import { isError } from '../is-error.js';
import { scrub } from './scrub.js';

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

const STRING_FIELDS = ['code', 'constraint', 'table', 'column', 'routine'] as const;

/** A cause of a cause of a cause says nothing new. */
const MAX_CAUSES = 3;

/**
 * Describes an error by a list of fields that may be logged. Everything else stays out: TypeORM's errors carry
 * the statement and its parameters, PostgreSQL's `detail` quotes the row, Node's carry the raw bytes of a request.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!isError(error)) return { type: typeof error, message: 'something that is no Error was thrown' };
  const description: ErrorDescription = { type: error.name, message: scrub(error.message) };
  if (error.stack !== undefined) description.stack = scrub(error.stack);
  for (const field of STRING_FIELDS) {
    const value: unknown = (error as unknown as Record<string, unknown>)[field];
    if (typeof value === 'string') description[field] = scrub(value);
  }
  if (error.cause !== undefined && depth < MAX_CAUSES) {
    description.cause = describeError(error.cause, depth + 1);
  }
  return description;
}
