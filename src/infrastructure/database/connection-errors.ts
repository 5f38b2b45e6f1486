/** pg has given a statement up that was not answered in time. */
export function isUnanswered(error: unknown): error is Error {
  return error instanceof Error && /^query read timeout/i.test(error.message);
}

/** pg has given a connection up that was not open in time. */
export function isNotOpened(error: unknown): error is Error {
  return (
    error instanceof Error &&
    /^(Connection terminated due to connection timeout|timeout exceeded when trying to connect)/.test(
      error.message,
    )
  );
}

/** COMMIT was answered, and that does not make it certain that the transaction is there and stays. */
export class CommitInDoubt extends Error {
  override readonly name = 'CommitInDoubt';
  /** Transaction resolution unknown. */
  readonly code = '08007';

  constructor(message = 'The wait for a synchronous standby was cancelled: a transaction may be lost.') {
    super(message);
  }
}

/** COMMIT was answered by ROLLBACK, or a statement that was meant to commit by itself did not. */
export class NotCommitted extends Error {
  override readonly name = 'NotCommitted';
  /** In failed transaction. */
  readonly code = '25P02';

  constructor() {
    super('PostgreSQL has not committed the transaction.');
  }
}

/** The server is a standby, or one that recovers still. */
export class StandbyRefused extends Error {
  override readonly name = 'StandbyRefused';
  /** Read-only transaction. */
  readonly code = '25006';

  constructor() {
    super('The database is a standby: this service needs the primary.');
  }
}
