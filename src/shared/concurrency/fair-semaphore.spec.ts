import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { FairSemaphore, type Party } from './fair-semaphore.js';

const BUSY = { detail: 'too many', retryAfter: 1 };

describe('a fair semaphore', () => {
  /** Jobs in the order in which they began, and how to end the oldest of those that run. */
  function jobs(limits: { running: number; waiting: number; waitingOfOne?: number }): {
    began: string[];
    refused: string[];
    start: (party: Party, count?: number) => void;
    endOne: () => Promise<void>;
  } {
    const semaphore = new FairSemaphore(limits, BUSY);
    const began: string[] = [];
    const refused: string[] = [];
    const ends: (() => void)[] = [];
    return {
      began,
      refused,
      start: (party, count = 1) => {
        for (let i = 0; i < count; i++) {
          const job = semaphore.run(party, () => {
            began.push(party.name);
            return new Promise<void>((resolve) => ends.push(resolve));
          });
          job.catch(() => refused.push(party.name));
        }
      },
      endOne: async () => {
        ends.shift()?.();
        await setImmediate();
      },
    };
  }

  it('lets somebody wait for one job of each other party, however many one of them has', async () => {
    const { began, start, endOne } = jobs({ running: 2, waiting: 100 });
    start({ name: 'flood' }, 95);
    start({ name: 'ann' });
    start({ name: 'ben' });
    for (let i = 0; i < 4; i++) await endOne();
    expect(began).toEqual(['flood', 'flood', 'flood', 'ann', 'ben', 'flood']);
  });

  it('has one place in the turns for somebody who asks from many networks', async () => {
    const { began, start, endOne } = jobs({ running: 1, waiting: 100 });
    for (let i = 0; i < 8; i++) start({ name: 'flood', network: `network ${i}` });
    start({ name: 'ann', network: 'home' });
    for (let i = 0; i < 3; i++) await endOne();
    expect(began).toEqual(['flood', 'flood', 'ann', 'flood']);
  });

  it('keeps every other turn for those who are known, however many parties there are', async () => {
    const { began, start, endOne } = jobs({ running: 1, waiting: 200 });
    for (let i = 0; i < 100; i++) start({ name: `stranger ${i}` });
    start({ name: 'ann', isKnown: true });
    start({ name: 'ben', isKnown: true });
    for (let i = 0; i < 4; i++) await endOne();
    expect(began).toEqual(['stranger 0', 'ann', 'stranger 1', 'ben', 'stranger 2']);
  });

  it('makes room for others at the cost of who has most waiting', async () => {
    const { began, refused, start, endOne } = jobs({ running: 1, waiting: 10 });
    start({ name: 'flood' }, 20);
    await setImmediate();
    expect(refused).toEqual(Array(9).fill('flood'));
    for (const name of ['ann', 'ben', 'eve']) start({ name });
    await setImmediate();
    expect(refused).toEqual(Array(12).fill('flood'));
    for (let i = 0; i < 10; i++) await endOne();
    expect(began.filter((name) => name !== 'flood')).toEqual(['ann', 'ben', 'eve']);
    expect(began).toHaveLength(11);
  });

  it('has room for those who are known when strangers have taken theirs', async () => {
    const { refused, start } = jobs({ running: 1, waiting: 2 });
    for (const name of ['a', 'b', 'c', 'd']) start({ name });
    start({ name: 'ann', isKnown: true });
    await setImmediate();
    expect(refused).toEqual(['d']);
  });

  it('refuses who comes last when everybody has as little', async () => {
    const { refused, start } = jobs({ running: 1, waiting: 2 });
    for (const name of ['a', 'b', 'c', 'd']) start({ name });
    await setImmediate();
    expect(refused).toEqual(['d']);
  });

  it('lets somebody wait for one job of each other network, however many parties one of them has', async () => {
    const { began, start, endOne } = jobs({ running: 1, waiting: 100 });
    for (let i = 0; i < 50; i++) start({ name: `flood ${i}`, network: 'a' }, 2);
    start({ name: 'ann', network: 'b' });
    start({ name: 'ben', network: 'b' });
    for (let i = 0; i < 6; i++) await endOne();
    expect(began).toEqual(['flood 0', 'flood 0', 'ann', 'flood 1', 'ben', 'flood 2', 'flood 3']);
  });

  it('makes room at the cost of the network that has most, when every party has as little', async () => {
    const { began, refused, start, endOne } = jobs({ running: 1, waiting: 10 });
    for (let i = 0; i < 20; i++) start({ name: `flood ${i}`, network: 'a' });
    await setImmediate();
    expect(refused).toHaveLength(9);
    start({ name: 'ann', network: 'b' });
    start({ name: 'ben', network: 'c' });
    await setImmediate();
    expect(refused.slice(9)).toEqual(['flood 10', 'flood 9']);
    for (let i = 0; i < 3; i++) await endOne();
    expect(began).toEqual(['flood 0', 'flood 1', 'ann', 'ben']);
  });

  it('lets the parties of one network push out nothing of another network that has less waiting', async () => {
    const { refused, start } = jobs({ running: 1, waiting: 10 });
    start({ name: 'ann', network: 'b' }, 4);
    for (let i = 0; i < 20; i++) start({ name: `flood ${i}`, network: 'a' });
    await setImmediate();
    expect(refused).toHaveLength(13);
    expect(refused).not.toContain('ann');
  });

  it('lets no party push out others by asking from one more network', async () => {
    const { refused, start } = jobs({ running: 1, waiting: 7 });
    start({ name: 'flood', network: 'a' }, 4);
    start({ name: 'ann', network: 'b' }, 4);
    start({ name: 'flood', network: 'c' });
    await setImmediate();
    expect(refused).toEqual(['flood']);
  });

  it('makes room in its own network at the cost of the party that has most there', async () => {
    const { refused, start } = jobs({ running: 1, waiting: 10 });
    start({ name: 'flood', network: 'a' }, 8);
    start({ name: 'ben', network: 'a' }, 3);
    start({ name: 'ann', network: 'a' }, 2);
    await setImmediate();
    expect(refused).toEqual(['flood', 'flood']);
  });

  it('lets no party have more than its share of the room, from however many networks', async () => {
    const { began, refused, start, endOne } = jobs({ running: 1, waiting: 10, waitingOfOne: 2 });
    for (let i = 0; i < 5; i++) start({ name: 'flood', network: `${i}` });
    await setImmediate();
    expect(refused).toHaveLength(2);
    for (let i = 0; i < 5; i++) await endOne();
    expect(began).toHaveLength(3);
    start({ name: 'flood' });
    expect(began).toHaveLength(4);
  });

  it('has its places back after jobs that fail', async () => {
    const semaphore = new FairSemaphore({ running: 1, waiting: 1 }, BUSY);
    const fail = (): Promise<never> => Promise.reject(new Error('failed'));
    for (let i = 0; i < 3; i++) await expect(semaphore.run({ name: 'a' }, fail)).rejects.toThrow('failed');
    expect(await semaphore.run({ name: 'a' }, () => Promise.resolve(1))).toBe(1);
  });
});
