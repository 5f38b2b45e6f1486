import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../../test/freshness/support/manual-clock.js';
import type { ChangeProof } from '../../../shared/committed.js';
import { NodeWatch, type NodeRow } from '../domain/node-watch.js';
import type { NodeClock, NodeSnapshot, NodeTable } from './ports.js';
import { Propagation } from './propagation.js';

const CHANGE: ChangeProof = { number: 7, id: 'the change' };
const LEASE_MS = 60_000;

class Table implements NodeTable {
  last = 7;
  proven = new Set([CHANGE.id]);
  nodes: NodeRow[] = [];

  look(): Promise<NodeSnapshot & { proven: ReadonlySet<string> }> {
    return Promise.resolve({ last: this.last, nodes: this.nodes, proven: this.proven });
  }

  read(): Promise<NodeSnapshot> {
    return Promise.resolve({ last: this.last, nodes: this.nodes });
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  trim(): Promise<void> {
    return Promise.resolve();
  }
}

const clock: NodeClock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

function row(id: string, applied: number, leaseMs = LEASE_MS): NodeRow {
  return { id, renewal: 1, applied, leaseMs };
}

interface State {
  applied?: number;
  watch?: NodeWatch;
  /** Whether this node has a lease when it is asked, in turn. */
  held?: boolean[];
}

function propagation(
  table: Table,
  { applied = 0, watch = new NodeWatch(), held = [] }: State = {},
): Propagation {
  const node = { id: 'this node', held: () => held.shift() ?? false };
  return new Propagation(table, watch, clock, { last: applied }, node);
}

describe('Propagation', () => {
  it('answers when every node has applied the change', async () => {
    const table = new Table();
    table.nodes = [row('a', 7), row('b', 8)];
    await propagation(table).wait(CHANGE);
  });

  it('refuses a change that nobody sees committed, though later ones are', async () => {
    const table = new Table();
    table.last = 9;
    table.proven.clear();
    await expect(propagation(table).wait(CHANGE)).rejects.toMatchObject({ code: 'service_unavailable' });
  });

  it('refuses a look that shows less than this node has applied', async () => {
    const table = new Table();
    await expect(propagation(table, { applied: 8 }).wait(null)).rejects.toMatchObject({
      code: 'service_unavailable',
    });
  });

  it('refuses a look that does not show the lease of this node, as of another database', async () => {
    const table = new Table();
    table.nodes = [row('a', 7)];
    await expect(propagation(table, { held: [true, true] }).wait(CHANGE)).rejects.toMatchObject({
      code: 'service_unavailable',
    });
    table.nodes.push(row('this node', 7));
    await propagation(table, { held: [true, true] }).wait(CHANGE);
  });

  it.each([
    ['has no lease yet', [false, true]],
    ['has given it up meanwhile', [true, false]],
  ])('needs not see this node when it %s', async (_, held) => {
    await propagation(new Table(), { held }).wait(CHANGE);
  });

  it('looks for acknowledgements after a call that had only a dead node to wait for', async () => {
    const table = new Table();
    const watch = new NodeWatch();
    watch.note([row('dead', 1, 1)], -10_000);
    table.nodes = [row('dead', 1, 1)];
    const waits = propagation(table, { watch });
    await waits.wait(CHANGE);

    table.nodes = [row('dead', 1, 1), row('alive', 6)];
    const second = waits.wait(CHANGE);
    table.nodes = [row('dead', 1, 1), row('alive', 7)];
    // Else it would wait for the lease.
    await second;
  });

  it('does not take a node for gone that an older snapshot does not show', async () => {
    const table = new Table();
    table.nodes = [row('alive', 6)];
    let isOver = false;
    const waiting = propagation(table)
      .wait(CHANGE)
      .then(() => (isOver = true));
    await Promise.resolve();
    table.last = 6;
    table.nodes = [];
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isOver).toBe(false);
    table.last = 7;
    table.nodes = [row('alive', 7)];
    await waiting;
  });
});

describe('A change that is not confirmed by every node yet', () => {
  /** Notes what it is asked, and when. */
  class WatchedTable extends Table {
    readonly looks: string[][] = [];
    readonly reads: number[] = [];
    isAway = false;

    constructor(private readonly clock: ManualClock) {
      super();
    }

    override look(changes: readonly ChangeProof[] = []): ReturnType<Table['look']> {
      this.looks.push(changes.map(({ id }) => id));
      return super.look();
    }

    override read(): Promise<NodeSnapshot> {
      this.reads.push(this.clock.monotonic());
      return this.isAway ? Promise.reject(new Error('out of reach')) : super.read();
    }
  }

  function waits(): { clock: ManualClock; table: WatchedTable; waits: Propagation } {
    const clock = new ManualClock();
    const table = new WatchedTable(clock);
    const node = { id: 'this node', held: () => false };
    return { clock, table, waits: new Propagation(table, new NodeWatch(), clock, { last: 0 }, node) };
  }

  async function settled(promise: Promise<void>): Promise<() => boolean> {
    let isOver = false;
    void promise.then(() => (isOver = true));
    await Promise.resolve();
    return () => isOver;
  }

  it('is asked for by its proof, and not again by those who come later', async () => {
    const { table, waits: propagation } = waits();
    await propagation.wait(CHANGE);
    await propagation.wait(null);
    table.proven.clear();
    await propagation.wait(CHANGE).catch(() => undefined);
    await propagation.wait(null);
    expect(table.looks).toEqual([[CHANGE.id], [], [CHANGE.id], []]);
  });

  it('holds when the leases of those that are silent have run out, though nothing can be read', async () => {
    const { clock, table, waits: propagation } = waits();
    table.nodes = [row('a', 6, 300), row('b', 6, 500), row('c', 7)];
    table.isAway = true;
    await clock.pass(100);
    const isOver = await settled(propagation.wait(CHANGE));
    await clock.pass(499);
    expect(isOver()).toBe(false);
    await clock.pass(1);
    expect(isOver()).toBe(true);
    const { length } = table.reads;
    await clock.pass(1000);
    // One more may have been on its way.
    expect(table.reads.length).toBeLessThanOrEqual(length + 1);
    expect(clock.pending).toBe(0);
  });

  it('is looked for after pauses that double, up to 25 ms, from the start for each that begins to wait', async () => {
    const { clock, table, waits: propagation } = waits();
    table.nodes = [row('a', 6)];
    void propagation.wait(CHANGE);
    await clock.pass(90);
    expect(table.reads).toEqual([5, 15, 35, 60, 85]);
    void propagation.wait(CHANGE);
    await clock.pass(40);
    expect(table.reads.slice(5)).toEqual([110, 120]);
    table.nodes = [row('a', 7)];
    await clock.pass(100);
  });

  it('is looked for no more when the node stops, and holds when the leases have run out', async () => {
    const { clock, table, waits: propagation } = waits();
    table.nodes = [row('a', 6, 500)];
    const isOver = await settled(propagation.wait(CHANGE));
    await clock.pass(10);
    await propagation.stop();
    const { length } = table.reads;
    await clock.pass(400);
    expect(table.reads).toHaveLength(length);
    expect(isOver()).toBe(false);
    await clock.pass(100);
    expect(isOver()).toBe(true);
  });
});
