import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { MailQueue } from './mail-queue.js';
import { MailDelayed } from './mailer.js';

let queue: MailQueue;
let warnings: string[];
/** The jobs of `hold` that have begun, and how each ends. */
let begun: { name: string; end: (failure?: Error) => void }[];

beforeEach(() => {
  queue = new MailQueue();
  warnings = [];
  begun = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((message) => void warnings.push(message as string));
});

afterEach(async () => {
  for (const { end } of begun) end();
  await queue.idle();
  jest.restoreAllMocks();
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A job that ends when the test says so. */
function hold(name: string): () => Promise<void> {
  return () =>
    new Promise((resolve, reject) => {
      const end = (failure?: Error): void => {
        if (failure === undefined) resolve();
        else reject(failure);
      };
      begun.push({ name, end });
    });
}

function names(): string[] {
  return begun.map(({ name }) => name);
}

describe('The queue of mails', () => {
  it('begins behind the answer, with two at a time and the others in their order', async () => {
    for (const name of ['a', 'b', 'c', 'd']) queue.add(hold(name));
    expect(names()).toEqual([]);
    await turn();
    expect(names()).toEqual(['a', 'b']);
    expect(queue.waiting).toBe(2);
    begun[1]?.end();
    await turn();
    expect(names()).toEqual(['a', 'b', 'c']);
    for (let i = 0; i < 4; i += 1) {
      begun[i]?.end();
      await turn();
    }
    await queue.idle();
    expect(queue.counts).toEqual({ done: 4, failed: 0 });
    expect(queue.waiting).toBe(0);
  });

  it('is full when a thousand are waiting, and takes more when they are sent', async () => {
    for (let i = 0; i < 1002; i += 1) queue.add(i < 2 ? hold('held') : () => Promise.resolve());
    expect(() => {
      queue.add(() => Promise.resolve());
    }).toThrow(expect.objectContaining({ code: 'service_unavailable', details: { retryAfter: 60 } }));
    await turn();
    for (const { end } of begun) end();
    await queue.idle();
    expect(queue.counts.done).toBe(1002);
    queue.add(() => Promise.resolve());
    await queue.idle();
    expect(queue.counts.done).toBe(1003);
  });

  it('says why one could not be sent, and nothing that may hold an address', async () => {
    const refused = Object.assign(new Error('550 no ann@example.org here'), {
      code: 'EENVELOPE',
      responseCode: 550,
    });
    queue.add(() => Promise.reject(refused));
    queue.add(() => Promise.reject(new TypeError('ann@example.org')));
    await queue.idle();
    expect(warnings).toEqual([
      'A mail could not be sent: EENVELOPE 550',
      'A mail could not be sent: TypeError',
    ]);
    expect(queue.counts).toEqual({ done: 0, failed: 2 });
  });

  it('tries again what a server could not take just now, after all that has not been tried', async () => {
    const again = hold('again');
    queue.add(() => Promise.reject(new MailDelayed(1, again, new Error('busy'))));
    // 'c' takes the place of the first, which finds none when its pause is over, however soon that is.
    for (const name of ['b', 'c', 'd']) queue.add(hold(name));
    await turn();
    expect(names()).toEqual(['b', 'c']);
    expect(queue.waiting).toBe(2);
    expect(warnings).toEqual([]);
    // Node calls this timer back after the one of the pause, which began before it and is shorter.
    await sleep(2);
    begun[0]?.end();
    await turn();
    begun[1]?.end();
    await turn();
    expect(names()).toEqual(['b', 'c', 'd', 'again']);
    expect(queue.waiting).toBe(0);
    for (const { end } of begun) end();
    await queue.idle();
    expect(queue.counts).toEqual({ done: 4, failed: 0 });
  });

  it('gives up what cannot be tried again, because too many are to be, and says why it failed', async () => {
    const cause = Object.assign(new Error('busy'), { code: 'EBUSY' });
    for (let i = 0; i < 1000; i += 1) {
      queue.add(() => Promise.reject(new MailDelayed(600_000, () => Promise.resolve(), cause)));
    }
    while (queue.waiting < 1000 || queue.counts.failed > 0) await turn();
    // Those that wait have all been tried once when the next one has.
    queue.add(() => Promise.resolve());
    while (queue.counts.done === 0) await turn();
    queue.add(() => Promise.reject(new MailDelayed(600_000, () => Promise.resolve(), cause)));
    while (queue.counts.failed === 0) await turn();
    expect(warnings).toEqual(['A mail could not be sent: EBUSY']);
    expect(queue.waiting).toBe(1000);
    await ended();
  });

  it('is waited for when the process ends', async () => {
    queue.add(hold('a'));
    let isOver = false;
    const ending = queue.onModuleDestroy().then(() => (isOver = true));
    await turn();
    expect(isOver).toBe(false);
    begun[0]?.end();
    await ending;
    expect(warnings).toEqual([]);
  });

  it('is not waited for any longer than for five seconds, and says how many were not sent', async () => {
    for (const name of ['a', 'b', 'c']) queue.add(hold(name));
    queue.add(() => Promise.reject(new MailDelayed(600_000, hold('again'), new Error('busy'))));
    await ended();
    expect(warnings).toEqual(['4 mails were not sent before the end']);
    expect(queue.waiting).toBe(0);
    for (const { end } of begun) end();
    await queue.idle();
    expect(names()).toEqual(['a', 'b']);
  });

  /** Ends the process, as far as the queue knows, and lets its five seconds pass. */
  async function ended(): Promise<void> {
    await turn();
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const ending = queue.onModuleDestroy();
      await jest.advanceTimersByTimeAsync(4999);
      expect(warnings.filter((line) => line.includes('before the end'))).toEqual([]);
      await jest.advanceTimersByTimeAsync(2);
      await ending;
    } finally {
      jest.useRealTimers();
    }
  }
});
