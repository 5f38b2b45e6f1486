import { describe, expect, it } from '@jest/globals';
import { Lease } from '../domain/lease.js';
import { NodeWatch } from '../domain/node-watch.js';
import { AppliedChanges } from './applied-changes.js';
import { FencedReads } from './fenced-reads.js';
import { FreshnessNode } from './freshness-node.js';
import { FeedUnreachable, type ChangeFeed, type NodeClock } from './ports.js';

const WAIT_MS = 1000;

/** Each wait is over at once, and takes as long as it should on this clock. */
class HurriedClock implements NodeClock {
  now = 0;

  monotonic(): number {
    return this.now;
  }

  wall(): number {
    return this.now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = setTimeout(() => {
      this.now += ms;
      callback();
    });
    return () => {
      clearTimeout(timer);
    };
  }
}

describe('a read without a lease', () => {
  function reads(clock: HurriedClock, failingFor: number): FencedReads {
    return new FencedReads({
      node: {
        held: () => false,
        failingFor: () => failingFor,
        nextLease: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
      },
      applied: { last: 0 },
      clock,
      waitMs: WAIT_MS,
    });
  }

  it.each([
    [0, WAIT_MS],
    [400, WAIT_MS - 400],
    [WAIT_MS, 0],
    [60_000, 0],
  ])('waits for one, when renewals have been failing for %i ms, for %i ms', async (failingFor, waited) => {
    const clock = new HurriedClock();
    const answer = reads(clock, failingFor).read(() => Promise.reject(new Error('nothing is asked')));
    await expect(answer).rejects.toMatchObject({ code: 'service_unavailable' });
    expect(clock.now).toBe(waited);
  });
});

describe('a read under a lease', () => {
  const reads = new FencedReads({
    node: { held: () => true, failingFor: () => 0, nextLease: () => Promise.resolve() },
    applied: { last: 7 },
    clock: new HurriedClock(),
    waitMs: WAIT_MS,
  });

  it('asks again when a server shows less than this node has applied', async () => {
    const answers = [5, 6, 7];
    const asked: number[] = [];
    const value = await reads.read((atLeast) => {
      asked.push(atLeast);
      return Promise.resolve({ value: `as of ${answers[0]!}`, asOf: answers.shift()! });
    });
    expect(value).toBe('as of 7');
    expect(asked).toEqual([7, 7, 7]);
  });

  it('is refused when the third one shows less as well', async () => {
    let asked = 0;
    const answer = reads.read(() => {
      asked += 1;
      return Promise.resolve({ value: 'an older state', asOf: 6 });
    });
    await expect(answer).rejects.toMatchObject({ code: 'service_unavailable', details: { retryAfter: 1 } });
    expect(asked).toBe(3);
  });
});

describe('the time for which renewals have been failing', () => {
  it('begins with the first that fails, and ends with the first that succeeds', async () => {
    const clock = new HurriedClock();
    let isAway = false;
    let renewals = 0;
    const answer = { last: 1, changes: [], nodes: [] };
    const node = new FreshnessNode(
      { id: 'a', staleMs: 0 },
      {
        feed: {
          renew: () => {
            renewals += 1;
            return isAway ? Promise.reject(new FeedUnreachable('away')) : Promise.resolve(answer);
          },
          read: () => Promise.resolve(answer),
          acknowledge: () => Promise.resolve(),
          leave: () => Promise.resolve(),
        } as Partial<ChangeFeed> as ChangeFeed,
        lease: new Lease(1000, clock),
        applied: new AppliedChanges(),
        watch: new NodeWatch(),
        clock,
        log: { log: () => undefined, warn: () => undefined },
      },
    );
    const renewedTimes = async (times: number): Promise<void> => {
      const until = renewals + times;
      while (renewals < until) await new Promise((resolve) => setTimeout(resolve));
    };
    node.start();
    await renewedTimes(3);
    expect(node.failingFor()).toBe(0);
    isAway = true;
    await renewedTimes(2);
    const since = clock.now - node.failingFor();
    expect(since).toBeLessThan(clock.now);
    await renewedTimes(5);
    expect(clock.now - node.failingFor()).toBe(since);
    isAway = false;
    await renewedTimes(2);
    expect(node.failingFor()).toBe(0);
    await node.stop();
  });
});
