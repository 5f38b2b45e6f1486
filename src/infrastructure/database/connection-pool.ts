import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { PooledClient } from './pooled-client.js';

type Member = PoolClient & PooledClient;
type Receive = (error: Error | undefined, client: Member | undefined, release: unknown) => void;
type Lend = (receive: Receive) => void;

/**
 * A pool whose connections are idle when they are handed out, always: a statement that is meant to commit by itself
 * finds no transaction open. One that comes back in the middle of a statement or of a transaction is destroyed, and so
 * is, instead of being handed out, one that has not been heard from since a statement on another was given up: the
 * same network or server is behind both.
 */
export class ConnectionPool extends Pool {
  private suspectBefore = -Infinity;
  /** Is told how many milliseconds somebody waited for a connection, and whether they have got one. */
  onWaited: (milliseconds: number, isLent: boolean) => void = () => undefined;

  constructor(config: PoolConfig) {
    super({ ...config, Client: PooledClient });
    this.on('connect', (client) => {
      (client as Member).onUnanswered = (sentAt) => {
        this.suspectBefore = Math.max(this.suspectBefore, sentAt);
      };
    });
    this.on('acquire', (client) => {
      (client as Member).change = null;
    });
    this.on('release', (_, client) => {
      // The pool removes what has ended.
      if (!(client as Member).isIdle) (client as Member).cut();
    });
    this.checkLoans();
  }

  /** Hands no connection out again that is idle now: what it leads to is not what it was. */
  distrust(): void {
    this.suspectBefore = performance.now();
  }

  private checkLoans(): void {
    const lend = this.connect.bind(this) as unknown as Lend;
    const checked: Lend = (receive) => {
      lend((error, client, release) => {
        if (client === undefined || this.isGood(client)) {
          receive(error, client, release);
          return;
        }
        client.cut();
        client.release();
        checked(receive);
      });
    };
    const timed: Lend = (receive) => {
      const began = performance.now();
      checked((error, client, release) => {
        this.onWaited(performance.now() - began, client !== undefined);
        receive(error, client, release);
      });
    };
    this.connect = ((receive?: Receive) => {
      if (receive !== undefined) {
        timed(receive);
        return undefined;
      }
      return new Promise<Member>((resolve, reject) => {
        timed((error, client) => {
          if (client === undefined) reject(error ?? new Error('the pool has lent nothing'));
          else resolve(client);
        });
      });
    }) as typeof this.connect;
  }

  private isGood(client: Member): boolean {
    return client.isIdle && client.heardAt >= this.suspectBefore;
  }
}
