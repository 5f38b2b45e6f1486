import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { WriteBehind } from './write-behind.js';

describe('Writing behind', () => {
  it('takes no more than a fortieth of the time', async () => {
    const flushes: { at: number; tookMs: number }[] = [];
    let third: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => (third = resolve));
    const writes = new WriteBehind(
      {
        isEmpty: () => true,
        flush: async () => {
          const at = performance.now();
          if (flushes.length === 2) third();
          await sleep(10);
          flushes.push({ at, tookMs: performance.now() - at });
          return true;
        },
      },
      { everyMs: 10, lastMs: 1000 },
    );
    writes.start();
    await reached;
    await writes.stop();
    const [first, second, last] = flushes;
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(40 * first!.tookMs - 1);
    expect(last!.at - second!.at).toBeGreaterThanOrEqual(40 * second!.tookMs - 1);
  });
});
