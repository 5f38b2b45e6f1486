import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, turn } from '../../../../test/freshness/support/manual-clock.js';
import { ScriptedFeed } from '../../../../test/freshness/support/scripted-feed.js';
import type { ChangeProof } from '../../../shared/committed.js';
import { DomainError } from '../../../shared/domain-error.js';
import { onEntity } from '../domain/change.js';
import { Lease } from '../domain/lease.js';
import { NodeWatch, type NodeRow } from '../domain/node-watch.js';
import { AppliedChanges } from './applied-changes.js';
import { FencedReads } from './fenced-reads.js';
import { FreshnessNode } from './freshness-node.js';
import { Freshness } from './freshness.js';
import { Housekeeping } from './housekeeping.js';
import type { NodeSnapshot, NodeTable } from './ports.js';
import { Propagation } from './propagation.js';

const CHANGE: ChangeProof = { number: 2, id: 'the change' };

/** The table of nodes, in memory. */
class Table implements NodeTable {
  last = 1;
  nodes: NodeRow[] = [];
  proven = new Set([CHANGE.id]);
  reads = 0;
  trims = 0;
  isAway = false;

  look(): Promise<NodeSnapshot & { proven: ReadonlySet<string> }> {
    if (this.isAway) return Promise.reject(new Error('out of reach'));
    return Promise.resolve({ last: this.last, nodes: this.nodes, proven: this.proven });
  }

  read(): Promise<NodeSnapshot> {
    this.reads += 1;
    return Promise.resolve({ last: this.last, nodes: this.nodes });
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }

  trim(): Promise<void> {
    this.trims += 1;
    return Promise.resolve();
  }
}

let clock: ManualClock;
let feed: ScriptedFeed;
let table: Table;
let freshness: Freshness;
let told: [milliseconds: number, isCertain: boolean][];

beforeEach(async () => {
  clock = new ManualClock();
  feed = new ScriptedFeed(clock);
  table = new Table();
  told = [];
  const applied = new AppliedChanges();
  const watch = new NodeWatch();
  const log = { log: () => undefined, warn: () => undefined };
  const lease = new Lease(1000, clock);
  const node = new FreshnessNode({ id: 'this', staleMs: 0 }, { feed, lease, applied, watch, clock, log });
  freshness = new Freshness({
    feed,
    applied,
    node,
    propagation: new Propagation(table, watch, clock, applied, node),
    reads: new FencedReads({ node, applied, clock, waitMs: 1000 }),
    housekeeping: new Housekeeping(table, watch, clock, { everyMs: 10_000, silentMs: 60_000 }),
  });
  freshness.onPropagated((milliseconds, isCertain) => told.push([milliseconds, isCertain]));
  table.nodes = [row('this', 1)];
  freshness.start();
  await clock.pass(0);
  feed.asked();
});

afterEach(async () => {
  await freshness.stop();
});

function row(id: string, applied: number): NodeRow {
  return { id, renewal: 1, applied, leaseMs: 1000 };
}

describe('Freshness', () => {
  it('is there once the first lease is held, and is gone when it has stopped', async () => {
    await freshness.ready;
    expect([freshness.held(), freshness.state()]).toEqual([true, 'fresh']);
    expect(freshness.renewals).toEqual({ granted: 1, failed: 0 });
    await clock.pass(10_000);
    expect(table.trims).toBe(1);
    await freshness.stop();
    expect([freshness.held(), freshness.state()]).toEqual([false, 'lapsed']);
    expect(clock.pending).toBe(0);
  });

  it('tells subscribers what changes, as soon as it is notified', async () => {
    const heard: string[] = [];
    freshness.subscribe({ onChange: ({ id }) => heard.push(id), onReset: () => heard.push('reset') });
    feed.last = 2;
    feed.listener.changed(2);
    await clock.pass(0);
    expect(heard).toEqual(['key 2']);
  });

  it('reads what it may have missed when the connection is lost on which it is notified', async () => {
    feed.listener.lost();
    await clock.pass(0);
    expect(feed.asked()).toEqual(['read at 0']);
  });

  it('lets nobody keep what has changed since it was read', async () => {
    const dependencies = [onEntity('api_key', 'key 2')];
    const ticket = freshness.beginFill();
    expect(freshness.mayFill(ticket, dependencies)).toBe(true);
    feed.last = 2;
    feed.listener.changed(2);
    await clock.pass(0);
    expect(freshness.mayFill(ticket, dependencies)).toBe(false);
    expect(freshness.mayFill(freshness.beginFill(), dependencies)).toBe(true);
  });

  it('tells a read what it has to show', async () => {
    expect(await freshness.read((atLeast) => Promise.resolve({ value: atLeast, asOf: 1 }))).toBe(1);
  });
});

describe('A change that is awaited', () => {
  beforeEach(() => {
    table.last = 2;
    feed.last = 2;
  });

  it('holds when the other nodes have said that they have applied it', async () => {
    table.nodes = [row('this', 2), row('other', 1)];
    const before = performance.now();
    const waiting = freshness.waitForPropagation(CHANGE);
    expect(freshness.waitingForPropagation).toBe(1);
    // Our own node has not waited to be notified.
    await turn();
    expect(feed.asked()).toContain('read at 0');
    expect(told).toEqual([]);
    table.nodes = [row('this', 2), row('other', 2)];
    feed.listener.acknowledged();
    await waiting;
    expect(freshness.waitingForPropagation).toBe(0);
    expect(told).toEqual([[expect.any(Number), true]]);
    expect(told[0]?.[0]).toBeGreaterThanOrEqual(0);
    expect(told[0]?.[0]).toBeLessThanOrEqual(performance.now() - before);
  });

  it('is not certain when it cannot be seen', async () => {
    table.isAway = true;
    await expect(freshness.waitForPropagation(CHANGE)).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 1 },
    });
    expect(freshness.waitingForPropagation).toBe(0);
    expect(told).toEqual([[expect.any(Number), false]]);
  });

  it('needs nobody who is told of it', async () => {
    table.nodes = [row('this', 2)];
    freshness.onPropagated(() => undefined);
    await freshness.waitForPropagation(null);
    expect(told).toEqual([]);
  });
});

describe('A call that is refused, because what it asks for has been done before', () => {
  const GONE = new DomainError('session_not_found', 'It has ended.');

  beforeEach(() => {
    table.nodes = [row('this', 1), row('other', 0)];
  });

  it('is refused when that holds on every node', async () => {
    const answers: unknown[] = [];
    const refused = freshness.waitBeforeRefusing('session_not_found', Promise.reject(GONE));
    void refused.catch((error: unknown) => answers.push(error));
    await clock.pass(100);
    expect(answers).toEqual([]);
    table.nodes = [row('this', 1), row('other', 1)];
    await clock.pass(100);
    expect(answers).toEqual([GONE]);
  });

  it.each([
    ['for another reason', new DomainError('edit_conflict', 'Retry.')],
    ['by a bug', new Error('a bug')],
  ])('does not wait when it is refused %s', async (_, error) => {
    const refused = freshness.waitBeforeRefusing('session_not_found', Promise.reject(error));
    await expect(refused).rejects.toBe(error);
    expect(told).toEqual([]);
  });

  it('does not wait when it is not refused', async () => {
    expect(await freshness.waitBeforeRefusing('session_not_found', Promise.resolve('done'))).toBe('done');
    expect(told).toEqual([]);
  });
});
