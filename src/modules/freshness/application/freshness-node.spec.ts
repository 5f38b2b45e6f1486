import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, turn } from '../../../../test/freshness/support/manual-clock.js';
import { ScriptedFeed } from '../../../../test/freshness/support/scripted-feed.js';
import { Lease } from '../domain/lease.js';
import { NodeWatch } from '../domain/node-watch.js';
import { AppliedChanges } from './applied-changes.js';
import { FreshnessNode } from './freshness-node.js';

const LEASE_MS = 1000;
const STALE_MS = 5000;

let clock: ManualClock;
let feed: ScriptedFeed;
let applied: AppliedChanges;
let watch: NodeWatch;
let log: string[];
let node: FreshnessNode;

beforeEach(() => {
  clock = new ManualClock();
  feed = new ScriptedFeed(clock);
  applied = new AppliedChanges();
  watch = new NodeWatch();
  log = [];
  node = new FreshnessNode(
    { id: 'this node', staleMs: STALE_MS },
    {
      feed,
      applied,
      watch,
      clock,
      lease: new Lease(LEASE_MS, clock),
      log: { log: (line) => log.push(line), warn: (line) => log.push(`warning: ${line}`) },
    },
  );
});

afterEach(async () => {
  feed.release();
  await node.stop();
});

async function started(): Promise<void> {
  node.start();
  await clock.pass(0);
  feed.asked();
}

describe('The lease of a node', () => {
  it('is renewed four times within its length, each time under the next number, with what is applied', async () => {
    node.start();
    await clock.pass(600);
    feed.last = 4;
    await clock.pass(400);

    expect(feed.renewals).toEqual(
      [0, 1, 1, 1, 4].map((last, index) => ({
        node: 'this node',
        renewal: index + 1,
        applied: last,
        leaseMs: LEASE_MS,
      })),
    );
    expect(feed.asked().filter((call) => call.startsWith('renew'))).toEqual([
      'renew at 0',
      'renew at 250',
      'renew at 500',
      'renew at 750',
      'renew at 1000',
    ]);
    expect(node.counts).toEqual({ granted: 5, failed: 0 });
    expect(log).toEqual([]);
  });

  it('is held from the first answer on, which is what whoever waits is told', async () => {
    let isReady = false;
    let hasLease = false;
    void node.ready.then(() => (isReady = true));
    void node.nextLease(60_000).then(() => (hasLease = true));
    feed.withhold();
    node.start();
    await clock.pass(10);
    expect([isReady, hasLease, node.held(), node.state()]).toEqual([false, false, false, 'lapsed']);
    feed.release();
    await turn();
    expect([isReady, hasLease, node.held(), node.state()]).toEqual([true, true, true, 'fresh']);
  });

  it('counts from the moment when the renewal was sent, as does the time of the next one', async () => {
    feed.withhold();
    node.start();
    await clock.pass(200);
    feed.release();
    await turn();
    feed.asked();
    feed.withhold();
    await clock.pass(750);
    expect(feed.asked()).toEqual(['renew at 250']);
    expect(node.held()).toBe(true);
    await clock.pass(50);
    expect(node.held()).toBe(false);
  });

  it('is awaited no longer than wanted', async () => {
    let isOver = false;
    void node.nextLease(300).then(() => (isOver = true));
    await clock.pass(299);
    expect(isOver).toBe(false);
    await clock.pass(1);
    expect(isOver).toBe(true);
  });

  it('tells how far other nodes are, by the clock of this one', async () => {
    feed.nodes = [{ id: 'other', renewal: 3, applied: 1, leaseMs: 700 }];
    node.start();
    await clock.pass(100);
    expect(watch.lapsesAt('other')).toBe(700);
  });
});

describe('A node that is notified', () => {
  beforeEach(started);

  it('reads what is new at once, and says that it has applied it', async () => {
    feed.last = 3;
    await clock.pass(100);
    node.onNotify(3);
    await clock.pass(100);
    expect(feed.asked()).toEqual(['read at 100', 'acknowledge at 100']);
    expect(feed.acknowledgements.at(-1)).toEqual({ node: 'this node', renewal: 1, applied: 3 });
    expect(applied.last).toBe(3);
  });

  it('reads nothing for a change that it has applied already', async () => {
    node.onNotify(1);
    await clock.pass(100);
    expect(feed.asked()).toEqual([]);
  });

  it('reads once for what it is told together, and does not forget the later change for an earlier one', async () => {
    feed.withhold();
    feed.last = 2;
    node.onNotify(2);
    await clock.pass(0);
    feed.last = 4;
    node.onNotify(4);
    node.onNotify(3);
    feed.release();
    await clock.pass(10);
    expect(feed.asked()).toEqual(['read at 0', 'acknowledge at 0', 'read at 0', 'acknowledge at 0']);
    expect(applied.last).toBe(4);
  });

  it('reads what it is told during a renewal as soon as that is over', async () => {
    await clock.pass(200);
    feed.withhold();
    await clock.pass(60);
    feed.last = 2;
    node.onNotify(2);
    feed.release();
    await clock.pass(0);
    expect(feed.asked()).toEqual(['renew at 250', 'read at 260', 'acknowledge at 260']);
  });

  it('reads whatever there is when it is told to, and acknowledges only what is new', async () => {
    node.readNow();
    await clock.pass(100);
    expect(feed.asked()).toEqual(['read at 0']);
  });

  it('does not follow a database that knows less than it did, until it has committed a renewal', async () => {
    feed.last = 3;
    node.onNotify(3);
    await clock.pass(0);
    feed.last = 2;
    node.readNow();
    await clock.pass(0);
    expect(applied.last).toBe(3);
    expect(log).toEqual([
      'warning: The freshness lease cannot be renewed, trying again: the database answers with an older state than before',
    ]);
    feed.asked();
    await clock.pass(10);
    expect(feed.asked()[0]).toBe('renew at 10');
    expect(applied.last).toBe(2);
  });

  it('says it again with the next renewal when an acknowledgement was lost', async () => {
    feed.last = 2;
    node.onNotify(2);
    const acknowledge = feed.acknowledge.bind(feed);
    feed.acknowledge = () => Promise.reject(new Error('lost'));
    await clock.pass(0);
    feed.acknowledge = acknowledge;
    feed.asked();
    await clock.pass(300);
    expect(feed.asked()).toEqual(['renew at 10', 'renew at 260']);
    expect(feed.renewals[1]).toMatchObject({ renewal: 2, applied: 2 });
  });
});

describe('A node whose database is out of reach', () => {
  beforeEach(async () => {
    await started();
    await clock.pass(200);
    feed.isAway();
  });

  it('tries again after pauses that double, up to a second, and after no longer', async () => {
    await clock.pass(4000);
    const times = feed.asked().map((call) => Number(call.replace('renew at ', '')));
    const pauses = times.slice(1).map((time, index) => time - times[index]!);
    expect(times[0]).toBe(250);
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    expect(node.counts).toEqual({ granted: 1, failed: 10 });
  });

  it('begins with the shortest pause again after each time that it was there', async () => {
    await clock.pass(200);
    feed.failure = undefined;
    await clock.pass(1000);
    feed.isAway();
    await clock.pass(250);
    const [first = 0, second = 0] = feed
      .asked()
      .slice(-4)
      .map((call) => Number(call.replace('renew at ', '')));
    expect(second - first).toBe(10);
  });

  it('is not hurried by what it hears meanwhile', async () => {
    await clock.pass(900);
    feed.asked();
    node.readNow();
    node.onNotify(7);
    await clock.pass(0);
    expect(feed.asked()).toEqual([]);
  });

  it('says once that it began, and once that it ended', async () => {
    await clock.pass(1000);
    feed.failure = undefined;
    await clock.pass(1500);
    feed.isAway();
    await clock.pass(1000);
    expect(log).toEqual([
      'warning: The freshness lease cannot be renewed, trying again: out of reach',
      'The freshness lease is renewed again',
      'warning: The freshness lease cannot be renewed, trying again: out of reach',
    ]);
  });

  it('tells for how long', async () => {
    expect(node.failingFor()).toBe(0);
    await clock.pass(150);
    expect(node.failingFor()).toBe(100);
    await clock.pass(1000);
    expect(node.failingFor()).toBe(1100);
    feed.failure = undefined;
    await clock.pass(1000);
    expect(node.failingFor()).toBe(0);
  });

  it('is stale for as long as it may be, and not for a moment more', async () => {
    // The lease was sent at 0, and less of it is used than others wait for.
    await clock.pass(700);
    expect(node.state()).toBe('fresh');
    await clock.pass(100);
    expect(node.state()).toBe('stale');
    await clock.pass(STALE_MS - 100);
    expect(node.state()).toBe('stale');
    await clock.pass(100);
    expect(node.state()).toBe('lapsed');
  });

  it('is not stale when the database answers, and refuses', async () => {
    feed.failure = new Error('permission denied');
    await clock.pass(900);
    expect(node.state()).toBe('lapsed');
  });

  it('is not stale any more once the database has answered again', async () => {
    await clock.pass(1500);
    expect(node.state()).toBe('stale');
    feed.failure = undefined;
    await clock.pass(500);
    feed.failure = new Error('permission denied');
    await clock.pass(2000);
    expect(node.state()).toBe('lapsed');
  });
});

describe('A node that is stopped', () => {
  beforeEach(started);

  it('uses nothing cached from that moment on, leaves, and keeps no timer', async () => {
    const stopping = node.stop();
    expect(node.held()).toBe(false);
    await stopping;
    await clock.pass(1000);
    expect(feed.asked()).toEqual(['leave at 0']);
    expect(clock.pending).toBe(0);
  });

  it.each(['renewal', 'read'])(
    'believes no answer to a %s that comes after, and leaves when it has',
    async (what) => {
      feed.withhold();
      feed.last = 5;
      if (what === 'read') node.readNow();
      await clock.pass(what === 'read' ? 0 : 250);
      feed.asked();
      let isOver = false;
      const stopping = node.stop().then(() => (isOver = true));
      await turn();
      expect(isOver).toBe(false);
      feed.release();
      await stopping;
      expect(node.held()).toBe(false);
      expect(applied.last).toBe(1);
      expect(feed.asked()).toEqual([expect.stringContaining('leave')]);
    },
  );

  it('says nothing of an outage that its end has met', async () => {
    feed.withhold();
    feed.isAway();
    await clock.pass(250);
    const stopping = node.stop();
    feed.release();
    await stopping;
    expect(log).toEqual([]);
  });
});
