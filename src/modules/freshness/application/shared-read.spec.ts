import { describe, expect, it } from '@jest/globals';
import { SharedRead } from './shared-read.js';

describe('A shared read', () => {
  it('gives everybody a read that began after they asked, and no more reads than that takes', async () => {
    const { shared, finish, begun } = reads();
    const first = shared.ask();
    const second = shared.ask();
    const third = shared.ask();
    expect(begun()).toBe(1);
    await finish();
    expect(await first).toBe(1);
    await finish();
    expect(await Promise.all([second, third])).toEqual([2, 2]);
    expect(begun()).toBe(2);
  });

  it('goes on after a read that failed', async () => {
    const { shared, finish } = reads();
    const first = shared.ask();
    const second = shared.ask();
    await finish(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await finish();
    expect(await second).toBe(2);
  });
});

function reads() {
  let begun = 0;
  let settle: (error?: Error) => void = () => undefined;
  const shared = new SharedRead(() => {
    begun += 1;
    const number = begun;
    return new Promise<number>((resolve, reject) => {
      settle = (error) => {
        if (error === undefined) resolve(number);
        else reject(error);
      };
    });
  });
  const finish = async (error?: Error): Promise<void> => {
    settle(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { shared, finish, begun: () => begun };
}
