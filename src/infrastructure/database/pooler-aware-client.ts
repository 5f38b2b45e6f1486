import { Client, type ClientConfig } from 'pg';
import { PooledStatement, type TransactionLimits } from './pooled-statement.js';
import { PoolerWatch } from './pooler-watch.js';
import { recognizePooler } from './recognize-pooler.js';

export interface PoolerAwareConfig extends ClientConfig {
  /** Shared by all connections of a pool. */
  pooler?: PoolerWatch;
  /** Milliseconds a statement may take, and a transaction be idle; 0, the default, for what the server allows. */
  sessionTimeoutMs?: number;
}

type Done = (error: Error | null, result?: unknown) => void;
type Send = (config: unknown, values?: unknown, callback?: unknown) => unknown;

/**
 * A connection to PostgreSQL, or to a pooler that lends it one for each transaction. Without a pooler, statements keep
 * the names they are given and time-outs are of the session.
 */
export class PoolerAwareClient extends Client {
  private readonly pooler: PoolerWatch;
  private readonly limits: TransactionLimits;
  /** Of the server, when the connection was made. */
  protected isStandby = false;

  constructor(config: PoolerAwareConfig = {}) {
    super(config);
    this.pooler = config.pooler ?? new PoolerWatch();
    this.limits = {
      timeoutMs: config.sessionTimeoutMs ?? 0,
      isInTransaction: () => this.getTransactionStatus() !== 'I',
    };
    this.connection.on('errorMessage', ({ code }: { code?: string }) => {
      this.pooler.noteError(code);
    });
    this.recognizeOnConnect();
    this.adaptStatements();
  }

  get isBehindPooler(): boolean {
    return this.pooler.isPooled;
  }

  private recognizeOnConnect(): void {
    const open = this.connect.bind(this) as () => Promise<unknown>;
    const ask = this.query.bind(this) as Parameters<typeof recognizePooler>[1];
    const openAndLook = async (): Promise<this> => {
      await open();
      try {
        const { isPooler, isStandby } = await recognizePooler(this, ask, this.limits.timeoutMs);
        this.isStandby = isStandby;
        this.pooler.noteRecognized(isPooler);
        return this;
      } catch (error) {
        void this.end();
        throw error;
      }
    };
    this.connect = ((callback?: Done) => {
      if (callback === undefined) return openAndLook();
      openAndLook().then(
        () => {
          callback(null, this);
        },
        (error: unknown) => {
          callback(error as Error);
        },
      );
      return undefined;
    }) as typeof this.connect;
  }

  private adaptStatements(): void {
    const send = this.query.bind(this) as Send;
    this.query = ((config: unknown, values?: unknown, callback?: unknown) => {
      if (!this.isBehindPooler || isSubmittable(config)) return send(config, values, callback);
      const statement = new PooledStatement(config, values, callback, this.limits);
      if (statement.callback !== undefined) {
        send(statement);
        return undefined;
      }
      return new Promise((resolve, reject) => {
        statement.callback = ((error, result) => {
          if (error === null) resolve(result);
          else reject(error);
        }) satisfies Done;
        send(statement);
      });
    }) as typeof this.query;
  }
}

function isSubmittable(config: unknown): boolean {
  return typeof config === 'object' && config !== null && 'submit' in config;
}
