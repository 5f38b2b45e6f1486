/** pg has given a statement up, or a connection that was being made. */
export function isUnanswered(error: unknown): error is Error {
  return error instanceof Error && /^query read timeout/i.test(error.message);
}

/** The transaction is committed on this server, and lost if a standby takes over now. */
export class CommitInDoubt extends Error {
  override readonly name = 'CommitInDoubt';
  /** Transaction resolution unknown. */
  readonly code = '08007';

  constructor() {
    super('The wait for a synchronous standby was cancelled: it is not certain that the transaction stays.');
  }
}

/** COMMIT was answered, by ROLLBACK. */
export class NotCommitted extends Error {
  override readonly name = 'NotCommitted';
  /** In failed transaction. */
  readonly code = '25P02';

  constructor() {
    super('PostgreSQL has rolled the transaction back instead of committing it.');
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
