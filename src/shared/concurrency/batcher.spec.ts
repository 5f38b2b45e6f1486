import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import { Batcher } from './batcher.js';

interface Batch {
  requests: readonly string[];
  answer(): void;
  fail(error: Error): void;
}

/** Batches that end when the test says so. */
function batcher(options: { maxBatches?: number; maxCalls?: number } = {}) {
  const batches: Batch[] = [];
  const calls = new Batcher<string, string>(
    (requests) =>
      new Promise((resolve, reject) => {
        batches.push({
          requests,
          answer: () => {
            resolve(requests.map((request) => `answer to ${request}`));
          },
          fail: reject,
        });
      }),
    { maxBatches: 10, maxCalls: 100, ...options },
  );
  return { calls, batches };
}

/** After this turn of the event loop, and after what follows from what has left with it. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('A batcher: calls', () => {
  it('leave together when they come in one turn of the event loop, and nobody is before them', async () => {
    const { calls, batches } = batcher();
    for (const partition of ['a', 'b', 'a']) void calls.call(partition, partition);
    await nextTurn();
    void calls.call('c', 'c');
    await nextTurn();
    expect(batches.map(({ requests }) => requests)).toEqual([['a', 'a', 'b'], ['c']]);
  });

  it('that come while one is under way share the next, in the order of their arrival', async () => {
    const { calls, batches } = batcher();
    const answers = [calls.call('a', '1')];
    await nextTurn();
    for (const request of ['2', '3']) answers.push(calls.call('a', request));
    await nextTurn();
    answers.push(calls.call('a', '4'));
    await nextTurn();
    expect(batches.map(({ requests }) => requests)).toEqual([['1']]);
    batches[0]?.answer();
    await nextTurn();
    expect(batches.map(({ requests }) => requests)).toEqual([['1'], ['2', '3', '4']]);
    batches[1]?.answer();
    expect(await Promise.all(answers)).toEqual(['1', '2', '3', '4'].map((request) => `answer to ${request}`));
  });

  it('are sent in the context of the first of them, and never in that of a batch before', async () => {
    const contexts = new AsyncLocalStorage<string>();
    const sent: [string | undefined, readonly string[]][] = [];
    const calls = new Batcher<string, string>(
      async (requests) => {
        sent.push([contexts.getStore(), requests]);
        await nextTurn();
        return requests;
      },
      { maxBatches: 1, maxCalls: 2 },
    );
    await Promise.all(
      ['1', '2', '3', '4', '5'].map((name) => contexts.run(name, () => calls.call(name, name))),
    );
    expect(sent).toEqual([
      ['1', ['1', '2']],
      ['3', ['3', '4']],
      ['5', ['5']],
    ]);
  });

  it('of all partitions share one batch when as many are under way as may be', async () => {
    const { calls, batches } = batcher({ maxBatches: 1 });
    void calls.call('a', 'a');
    await nextTurn();
    for (const partition of ['b', 'c']) void calls.call(partition, partition);
    await nextTurn();
    batches[0]?.answer();
    await nextTurn();
    expect(batches.map(({ requests }) => requests)).toEqual([['a'], ['b', 'c']]);
  });

  it('never have two batches of one partition under way, and none is larger than it may be', async () => {
    const { calls, batches } = batcher({ maxCalls: 2 });
    const answers = ['1', '2', '3', '4', '5', '6'].map((request) => calls.call('a', request));
    for (let i = 0; i < 3; i++) {
      await nextTurn();
      expect(batches).toHaveLength(i + 1);
      batches[i]?.answer();
    }
    expect(batches.map(({ requests }) => requests)).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ]);
    expect(await Promise.all(answers)).toHaveLength(6);
  });

  it('fail with the batch before them in their partition, and only in their partition', async () => {
    const { calls, batches } = batcher();
    const first = calls.call('a', '1');
    await nextTurn();
    const behind = calls.call('a', '2');
    const elsewhere = calls.call('b', '3');
    await nextTurn();
    batches[0]?.fail(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await expect(behind).rejects.toThrow('away');
    batches[1]?.answer();
    expect(await elsewhere).toBe('answer to 3');
    const later = calls.call('a', '4');
    await nextTurn();
    batches[2]?.answer();
    expect(await later).toBe('answer to 4');
  });

  it('are each answered, whatever comes when', async () => {
    const calls = new Batcher<number, number>(
      async (requests) => {
        for (let i = 0; i < (requests[0] ?? 0) % 4; i++) await nextTurn();
        return requests.map((request) => -request);
      },
      { maxBatches: 3, maxCalls: 7 },
    );
    const answers = [];
    for (let i = 0; i < 2000; i++) {
      answers.push(calls.call(`partition ${i % 11}`, i));
      if (i % 13 === 0) await nextTurn();
    }
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 2000 }, (_, i) => -i));
  });
});
