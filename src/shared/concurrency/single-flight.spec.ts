import { describe, expect, it } from '@jest/globals';
import { freshSingleFlight } from './single-flight.js';

describe('A fresh single flight', () => {
  it('gives everybody a call that began after they asked, and makes no more calls than that takes', async () => {
    const { shared, finish, begun } = calls();
    const first = shared();
    const second = shared();
    const third = shared();
    expect(begun()).toBe(1);
    await finish();
    expect(await first).toBe(1);
    await finish();
    expect(await Promise.all([second, third])).toEqual([2, 2]);
    expect(begun()).toBe(2);
  });

  it('goes on after a call that failed', async () => {
    const { shared, finish } = calls();
    const first = shared();
    const second = shared();
    await finish(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await finish();
    expect(await second).toBe(2);
  });
});

function calls() {
  let begun = 0;
  let settle: (error?: Error) => void = () => undefined;
  const shared = freshSingleFlight(() => {
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
