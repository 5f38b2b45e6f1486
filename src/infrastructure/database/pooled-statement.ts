import { Query, type Connection, type QueryConfig } from 'pg';

/** What pg's query has, and its types leave out. */
interface WireQuery extends Omit<Query, 'submit'> {
  submit(connection: Connection): unknown;
  name?: string | undefined;
  text: string;
  callback?: unknown;
  requiresPreparation(): boolean;
  prepare(connection: Connection): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
}
const WireQuery = Query as unknown as new (config: unknown, values: unknown, callback: unknown) => WireQuery;

export interface TransactionLimits {
  /** Milliseconds a statement may take, and a transaction be idle; 0 for what the server allows. */
  timeoutMs: number;
  isInTransaction(): boolean;
}

const BEGINNING = /^\s*(?:BEGIN|START\s+TRANSACTION)\b[^;]*$/i;

/**
 * A statement behind a pooler, where nothing may outlive a transaction: it has no name, and limits the time of the
 * transaction that it is or that it begins, in the same round trip. The answers to that are dropped.
 */
export class PooledStatement extends WireQuery {
  /** Milliseconds for which the client waits for this statement, where it is not as long as for any other. */
  readonly query_timeout: number | undefined;
  /** Which of several answers counts: all, the first, or those after the first. */
  private counting: 'all' | 'first' | 'later' = 'all';
  private answers = 0;

  /** The arguments of pg's `Client.query`, and the limits. */
  constructor(
    config: unknown,
    values: unknown,
    callback: unknown,
    private readonly limits: TransactionLimits,
  ) {
    super(config, values, callback);
    this.name = undefined;
    // pg's query leaves it out of what it keeps, and the client looks for it there.
    const { query_timeout } = Object(config) as QueryConfig & { query_timeout?: number };
    this.query_timeout = query_timeout;
  }

  override submit(connection: Connection): unknown {
    this.limit();
    return super.submit(connection);
  }

  /** The state of the connection is known only when it is the turn of this statement. */
  private limit(): void {
    const { timeoutMs } = this.limits;
    if (timeoutMs === 0 || this.limits.isInTransaction()) return;
    if (BEGINNING.test(this.text)) {
      this.counting = 'first';
      this.text += `; SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL idle_in_transaction_session_timeout = ${timeoutMs}`;
      return;
    }
    this.counting = 'later';
    // Several statements of one message are one transaction.
    if (!this.requiresPreparation()) this.text = `SET LOCAL statement_timeout = ${timeoutMs}; ${this.text}`;
  }

  /** Only the end of the second statement synchronizes: so both are one transaction, and the limit ends with it. */
  override prepare(connection: Connection): void {
    if (this.counting === 'later') {
      const text = `SELECT set_config('statement_timeout', '${this.limits.timeoutMs}', true)`;
      connection.parse({ name: '', text, types: [] }, true);
      connection.bind({}, true);
      connection.execute({}, true);
    }
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.counts()) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Connection): void {
    if (this.counts()) super.handleCommandComplete(message, connection);
    this.answers += 1;
  }

  private counts(): boolean {
    return this.counting === 'all' || (this.counting === 'first') === (this.answers === 0);
  }
}
