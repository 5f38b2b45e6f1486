import type { Client, Connection, QueryResult } from 'pg';
import type { ChangeProof } from '../../shared/committed.js';
import { CommitInDoubt, isUnanswered, NotCommitted, StandbyRefused } from './connection-errors.js';
import { PoolerAwareClient, type PoolerAwareConfig } from './pooler-aware-client.js';

type Done<T> = (error: Error | null | undefined, result?: T) => void;
type Send = (config: unknown, values?: unknown, done?: unknown) => Promise<QueryResult> | undefined;
type Connect = (done?: Done<Client>) => Promise<void> | undefined;

/** A notice as PostgreSQL sends it. */
interface Notice {
  code: string;
  routine: string;
  message: string;
}

/** The wait for a synchronous standby (PostgreSQL's syncrep.c), which ends in a warning when it is cancelled. */
const STANDBY_WAIT = 'SyncRepWaitForLSN';
/** With this code the database tells a transaction the proof of its changes: migration ChangeProofs. */
const CHANGE_PROOF = 'UPB01';

/**
 * A connection that does not lie. Every one that this service opens is of this class, in a pool or by itself.
 *
 * - After a statement that was not answered in time nobody knows what the server does with it, nor whether a
 *   transaction is open: the connection is cut, and nothing is ever sent over it again.
 * - A COMMIT that PostgreSQL answers with success, though the transaction was rolled back or its wait for a synchronous
 *   standby was cancelled, fails.
 * - A server that is a standby is refused: it says what was, and commits nothing.
 *
 * Somebody always listens to its `error` event. While it passes from the pool to who asked for it nobody else does, and
 * were it to break in that moment, the process would end. Whoever uses it is told by the rejection of the statement.
 */
export class PooledClient extends PoolerAwareClient {
  /** Called when a statement that was sent then (monotonic milliseconds) has not been answered in time. */
  onUnanswered: ((sentAt: number) => void) | undefined;
  /** When the last statement was answered (monotonic milliseconds). */
  heardAt = performance.now();
  /** What the last transaction was told of its changes; null again for who is lent the connection. */
  change: ChangeProof | null = null;
  private doubt: Error | undefined;

  constructor(config: PoolerAwareConfig = {}) {
    super(config);
    this.on('error', () => undefined);
    this.on('notice', (notice) => {
      this.read(notice as unknown as Notice);
    });
    this.checkStatements();
    this.checkServer();
  }

  /** Whether no statement is under way and no transaction is open. */
  get isIdle(): boolean {
    // Both are set only after the connection has been handed out for the first time.
    const { readyForQuery = true } = this as unknown as { readyForQuery?: boolean };
    return readyForQuery && (this.getTransactionStatus() ?? 'I') === 'I';
  }

  /** Ends the connection without a word to the server, which may not be there any more. */
  cut(): void {
    this.end().catch(() => undefined);
    this.wire.stream.destroy();
  }

  private get wire(): Connection {
    return (this as unknown as { connection: Connection }).connection;
  }

  private read({ code, routine, message }: Notice): void {
    if (code === CHANGE_PROOF) this.change = JSON.parse(message) as ChangeProof;
    if (code === '01000' && routine === STANDBY_WAIT) this.doubt = new CommitInDoubt();
  }

  private checkStatements(): void {
    const send = this.query.bind(this) as Send;
    const checked: Send = (config, values, callback) => {
      const sentAt = performance.now();
      const done = (typeof values === 'function' ? values : callback) as Done<QueryResult> | undefined;
      if (done === undefined) {
        return send(config, values)?.then(
          (result) => {
            const fault = this.judge(config, sentAt, null, result);
            if (fault) throw fault;
            return result;
          },
          (error: unknown) => {
            throw this.judge(config, sentAt, error as Error) ?? (error as Error);
          },
        );
      }
      return send(config, done === values ? undefined : values, ((error, result) => {
        const fault = this.judge(config, sentAt, error, result);
        if (fault) done(fault);
        else done(null, result);
      }) satisfies Done<QueryResult>);
    };
    this.query = checked as typeof this.query;
  }

  /** What is to be said of a statement: its error, one that the server did not tell, or nothing. */
  private judge(
    config: unknown,
    sentAt: number,
    error: Error | null | undefined,
    result?: QueryResult,
  ): Error | null | undefined {
    if (isUnanswered(error)) {
      this.cut();
      this.onUnanswered?.(sentAt);
      return error;
    }
    this.heardAt = performance.now();
    if (this.doubt !== undefined) {
      this.cut();
      return this.doubt;
    }
    // A transaction in which a statement has failed is rolled back by its COMMIT, which succeeds.
    if (config === 'COMMIT' && result?.command === 'ROLLBACK') return new NotCommitted();
    return error;
  }

  private checkServer(): void {
    const open = this.connect.bind(this) as Connect;
    const checked: Connect = (callback) => {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          void checked((error) => {
            if (error) reject(error);
            else resolve();
          });
        });
      }
      return open((error) => {
        if (error) {
          callback(error);
        } else if (this.isStandby) {
          this.cut();
          callback(new StandbyRefused());
        } else {
          callback(null, this);
        }
      });
    };
    this.connect = checked as typeof this.connect;
  }
}
