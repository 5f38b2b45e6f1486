/** SQLSTATE of a prepared statement that is there already, and of one that is not there. */
const STRANGE_STATEMENTS = new Set(['42P05', '26000']);

/**
 * What is known of a pooler behind a pool of connections. Once one was seen it is assumed for good, for every
 * connection: statements without names work either way.
 */
export class PoolerWatch {
  private found = false;
  private listener: () => void = () => undefined;

  get isPooled(): boolean {
    return this.found;
  }

  /** Calls the listener once: now, if a pooler was seen already, or when one is. */
  whenFound(listener: () => void): void {
    if (this.found) listener();
    else this.listener = listener;
  }

  noteRecognized(isPooled: boolean): void {
    if (!isPooled || this.found) return;
    this.found = true;
    this.listener();
  }

  /** Another's prepared statements are on our connection, or ours are on another's: so a pooler is in between. */
  noteError(code: string | undefined): void {
    if (code !== undefined && STRANGE_STATEMENTS.has(code)) this.noteRecognized(true);
  }
}
