import { beforeEach, describe, expect, it } from '@jest/globals';
import { NodeWatch } from '../domain/node-watch.js';
import { Housekeeping } from './housekeeping.js';
import type { NodeClock, NodeTable } from './ports.js';

/** A table whose statements end when the test says so. */
class SlowTable implements NodeTable {
  look(): Promise<never> {
    return this.read();
  }

  readonly statements: string[] = [];
  private end: () => void = () => undefined;

  read(): Promise<never> {
    throw new Error('Housekeeping reads nothing');
  }

  remove(id: string): Promise<void> {
    return this.begin(`remove ${id}`);
  }

  trim(): Promise<void> {
    return this.begin('trim');
  }

  async endStatement(): Promise<void> {
    this.end();
    await turn();
  }

  private begin(statement: string): Promise<void> {
    this.statements.push(statement);
    return new Promise((resolve) => {
      this.end = resolve;
    });
  }
}

/** A clock whose timers all go off at once when the test says so. */
class HandClock implements NodeClock {
  private now = 0;
  private readonly timers = new Set<() => void>();

  get pending(): number {
    return this.timers.size;
  }

  monotonic(): number {
    return this.now;
  }

  wall(): number {
    return this.now;
  }

  after(_: number, callback: () => void): () => void {
    this.timers.add(callback);
    return () => this.timers.delete(callback);
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    for (const callback of [...this.timers]) callback();
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('Housekeeping', () => {
  let table: SlowTable;
  let clock: HandClock;
  let housekeeping: Housekeeping;

  beforeEach(() => {
    table = new SlowTable();
    clock = new HandClock();
    const watch = new NodeWatch();
    watch.note(
      ['one', 'two'].map((id) => ({ id, renewal: 1, applied: 1, leaseMs: 10 })),
      0,
    );
    housekeeping = new Housekeeping(table, watch, clock, { everyMs: 100, silentMs: 50 });
    housekeeping.start();
  });

  it('takes silent nodes off the list, trims the feed, and begins again after a while', async () => {
    await clock.pass(100);
    await table.endStatement();
    await table.endStatement();
    await table.endStatement();
    await clock.pass(100);

    expect(table.statements).toEqual(['remove one', 'remove two', 'trim', 'trim']);
  });

  it('does nothing more once it is stopped, and keeps no timer', async () => {
    await housekeeping.stop();
    await clock.pass(100);

    expect(table.statements).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('has ended, when it is stopped in the middle, with the statement that was under way', async () => {
    await clock.pass(100);
    let stopped = false;
    const stopping = housekeeping.stop().then(() => {
      stopped = true;
    });
    await turn();
    expect(stopped).toBe(false);
    await table.endStatement();
    await stopping;
    await clock.pass(100);

    expect(table.statements).toEqual(['remove one']);
    expect(clock.pending).toBe(0);
  });
});
