import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../support/random.js';
import type { Clients } from '../clients.js';
import type { DatabaseUnderTest, Fault } from '../database-under-test.js';
import { holdOf } from './held-fault.js';

/** Between two faults, in milliseconds. */
const QUIET_MS = [300, 2500] as const;
const POLL_MS = 10;

export interface Injected {
  name: string;
  /** Milliseconds since the run began. */
  began: number;
  /** Undefined while it lasts. */
  healed?: number;
  /** Milliseconds from its healing until the database, asked directly, committed a write, and until the service did. */
  databaseBack?: number;
  serviceBack?: number;
}

/** Injects faults one after the other, each time one that the seed picks, until it is told to end. */
export class Track {
  constructor(
    private readonly faults: readonly Fault[],
    private readonly random: Random,
    private readonly clients: Clients,
    private readonly database: DatabaseUnderTest,
    private readonly log: Injected[],
  ) {}

  async run(over: AbortSignal): Promise<void> {
    const next = (): number => this.random.next();
    let left: Fault[] = [];
    for (;;) {
      await this.pause(this.random.between(...QUIET_MS), over);
      if (over.aborted) return;
      // Each comes once before any comes again.
      if (left.length === 0) left = [...this.faults];
      const [fault] = left.splice(this.random.integer(0, left.length - 1), 1);
      const injected: Injected = { name: fault!.name, began: this.clients.now() };
      this.log.push(injected);
      const heal = await fault!.inject(next);
      await this.pause(holdOf(fault!, next), over);
      await heal();
      injected.healed = this.clients.now();
      await this.recovery(injected, injected.healed, over);
    }
  }

  private async recovery(injected: Injected, healed: number, over: AbortSignal): Promise<void> {
    while (!(await this.database.isWritable())) await sleep(POLL_MS);
    injected.databaseBack = this.clients.now() - healed;
    while (this.clients.lastChange < healed && !over.aborted) await sleep(POLL_MS);
    if (this.clients.lastChange >= healed) injected.serviceBack = this.clients.lastChange - healed;
  }

  private async pause(ms: number, over: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal: over }).catch(() => undefined);
  }
}
