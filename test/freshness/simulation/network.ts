import {
  FeedUnreachable,
  type Acknowledgement,
  type ChangeFeed,
  type FeedAnswer,
  type FeedListener,
  type NodeSnapshot,
  type NodeTable,
  type Renewal,
} from '../../../src/modules/freshness/application/ports.js';
import type { ChangeProof } from '../../../src/shared/committed.js';
import type { Server, SimDatabase } from './database.js';
import type { Machine } from './machine.js';
import type { Random } from '../../support/random.js';
import type { Scheduler } from './scheduler.js';

export interface Weather {
  /** How probable it is that a message is held up for long. */
  lateMessages: number;
  lostNotifications: number;
}

/** The way between one process and the database. */
export class Path {
  listener: FeedListener | undefined;
  private cutUntil = 0;
  private silentUntil = 0;
  private standby: { server: Server; until: number } | undefined;
  /** Rises when every connection of the process breaks. */
  private connections = 0;
  private readonly broken = new Set<() => void>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly database: SimDatabase,
    private readonly machine: Machine,
    private readonly weather: Weather,
  ) {}

  /** Connections are reset and refused until then. */
  cut(untilTime: number): void {
    this.cutUntil = untilTime;
    this.reset();
  }

  /** Messages vanish, or arrive when it is over; nobody is told. */
  silence(untilTime: number): void {
    this.silentUntil = untilTime;
  }

  /** Until then some calls are led to a standby, which has stood still since now. */
  misroute(untilTime: number): void {
    this.standby = { server: this.database.standby(), until: untilTime };
  }

  /** Where a call arrives. */
  server(): Server {
    const { standby } = this;
    if (standby === undefined || this.scheduler.now >= standby.until) return this.database;
    return this.random.chance(0.6) ? standby.server : this.database;
  }

  reset(): void {
    this.connections += 1;
    const { listener } = this;
    this.listener = undefined;
    if (listener !== undefined) {
      this.scheduler.after(this.random.between(0.05, 1), () => {
        this.machine.deliver(() => {
          listener.lost();
        });
      });
    }
    for (const fail of [...this.broken]) fail();
  }

  /** A call to the database; `execute` runs there. What comes after a rejection is never seen. */
  call<T>(timeoutMs: number, execute: (respond: (value: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let over = false;
      const finish = (outcome: () => void): void => {
        if (over) return;
        over = true;
        this.broken.delete(fail);
        cancel();
        outcome();
      };
      const fail = (): void => {
        this.scheduler.after(this.random.between(0.05, 1), () => {
          this.machine.deliver(() => {
            finish(() => {
              reject(new FeedUnreachable('Connection terminated unexpectedly'));
            });
          });
        });
      };
      const cancel = this.machine.after(timeoutMs, () => {
        finish(() => {
          reject(new FeedUnreachable('Query read timeout'));
        });
      });
      this.broken.add(fail);
      const { connections } = this;
      this.travel(() => {
        // What was sent before the connection broke may still arrive.
        const alive = this.connections === connections;
        if (!this.database.up || (!alive && this.random.chance(0.5))) {
          fail();
          return;
        }
        execute((value) => {
          this.travel(() => {
            if (this.connections !== connections) return;
            this.machine.deliver(() => {
              finish(() => {
                resolve(value);
              });
            });
          });
        });
      }, fail);
    });
  }

  notified(deliver: (listener: FeedListener) => void): void {
    const { listener } = this;
    if (listener === undefined || this.random.chance(this.weather.lostNotifications)) return;
    this.travel(() => {
      if (this.listener !== listener) return;
      this.machine.deliver(() => {
        deliver(listener);
      });
    });
  }

  private travel(arrive: () => void, refused: () => void = () => undefined): void {
    const { now } = this.scheduler;
    if (now < this.cutUntil) {
      refused();
      return;
    }
    let delay = this.random.chance(this.weather.lateMessages)
      ? this.random.between(5, 1500)
      : this.random.between(0.1, 2);
    if (now < this.silentUntil) {
      if (this.random.chance(0.5)) return;
      delay += this.silentUntil - now;
    }
    this.scheduler.after(delay, arrive);
  }
}

export class SimFeed implements ChangeFeed {
  private listener: FeedListener | undefined;

  constructor(
    private readonly path: Path,
    private readonly database: SimDatabase,
    private readonly timeoutMs: number,
    private readonly canListen: boolean,
  ) {}

  listen(listener: FeedListener): void {
    this.listener = listener;
  }

  renew(renewal: Renewal): Promise<FeedAnswer> {
    return this.call((respond) => {
      if (this.path.server().isPrimary) this.database.renew(renewal, respond);
    });
  }

  read(applied: number): Promise<FeedAnswer> {
    return this.call((respond) => {
      respond(this.path.server().read(applied));
    });
  }

  acknowledge(acknowledgement: Acknowledgement): Promise<void> {
    return this.call((respond) => {
      this.database.acknowledge(acknowledgement);
      respond(undefined);
    });
  }

  async leave(node: string): Promise<void> {
    this.path.listener = undefined;
    await this.path
      .call<undefined>(this.timeoutMs, (respond) => {
        this.database.nodes.delete(node);
        respond(undefined);
      })
      .catch(() => undefined);
  }

  private async call<T>(execute: (respond: (value: T) => void) => void): Promise<T> {
    try {
      return await this.path.call<T>(this.timeoutMs, (respond) => {
        if (this.canListen) this.path.listener = this.listener;
        execute(respond);
      });
    } catch (error) {
      this.path.listener = undefined;
      throw error;
    }
  }
}

export type Look = NodeSnapshot & { proven: ReadonlySet<string> };

export class SimNodeTable implements NodeTable {
  constructor(
    private readonly path: Path,
    private readonly database: SimDatabase,
    private readonly timeoutMs: number,
  ) {}

  look(changes: readonly ChangeProof[]): Promise<Look> {
    return this.path.call(this.timeoutMs, (respond) => {
      if (!this.path.server().isPrimary) return;
      const proven = changes.filter((change) => this.database.shows(change)).map(({ id }) => id);
      respond({ ...this.database.snapshot(), proven: new Set(proven) });
    });
  }

  read(): Promise<NodeSnapshot> {
    return this.path.call(this.timeoutMs, (respond) => {
      respond(this.path.server().snapshot());
    });
  }

  remove(id: string, renewal: number): Promise<void> {
    return this.path.call<undefined>(this.timeoutMs, (respond) => {
      this.database.remove(id, renewal);
      respond(undefined);
    });
  }

  trim(): Promise<void> {
    return this.path.call<undefined>(this.timeoutMs, (respond) => {
      this.database.trim();
      respond(undefined);
    });
  }
}
