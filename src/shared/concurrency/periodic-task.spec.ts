import { describe, expect, it } from '@jest/globals';
import { PeriodicTask } from './periodic-task.js';

/** Runs that end when the test says so. */
function runs() {
  const ends: (() => void)[] = [];
  let begin: () => void = () => undefined;
  const task = new PeriodicTask(() => {
    begin();
    return new Promise<void>((resolve) => ends.push(resolve));
  }, 5);
  const begun = (): Promise<void> =>
    new Promise((resolve) => {
      begin = resolve;
    });
  return { task, ends, begun };
}

const turn = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('A periodic task', () => {
  it('begins again when it has ended, and not before', async () => {
    const { task, ends, begun } = runs();
    const first = begun();
    task.start();
    await first;
    // Several intervals.
    await turn(50);
    expect(ends).toHaveLength(1);
    const second = begun();
    ends[0]?.();
    await second;
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await task.stop();
  });

  it('that is asked for joins the run under way', async () => {
    const { task, ends } = runs();
    const both = Promise.all([task.run(), task.run()]);
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await both;
  });

  it('has stopped when the run under way has ended, and begins no more', async () => {
    const { task, ends, begun } = runs();
    const first = begun();
    task.start();
    await first;
    let hasStopped = false;
    const stopped = task.stop().then(() => {
      hasStopped = true;
    });
    await turn(20);
    expect(hasStopped).toBe(false);
    ends[0]?.();
    await stopped;
    task.start();
    await turn(50);
    expect(ends).toHaveLength(1);
  });

  it('rests longer after a run that took longer, and never less than an interval', async () => {
    const rests: number[] = [];
    const begun: number[] = [];
    const waits: (() => void)[] = [];
    const task = new PeriodicTask(
      async () => {
        begun.push(performance.now());
        waits.shift()?.();
        await turn(20);
      },
      5,
      (runMs) => {
        rests.push(runMs);
        return rests.length === 1 ? 100 : 0;
      },
    );
    const third = new Promise<void>((resolve) => {
      waits.push(
        () => undefined,
        () => undefined,
        resolve,
      );
    });
    task.start();
    await third;
    await task.stop();
    // What the run took is told, and a rest is never cut short; it may be longer on a busy machine.
    expect(rests[0]).toBeGreaterThanOrEqual(19);
    expect(begun[1]! - begun[0]!).toBeGreaterThanOrEqual(119);
    expect(begun[2]! - begun[1]!).toBeGreaterThanOrEqual(24);
  });
});
