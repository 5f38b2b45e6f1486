import type { Bug } from './bugs.js';
import { World, type WorldReport } from './world.js';

/** Worlds that run side by side, so that one turn of the event loop serves them all. They share nothing. */
const BATCH = 64;

/** Runs the worlds of the seeds from `first` on. `onWorld` is told of each, in no certain order, and may end it. */
export async function simulate(
  first: number,
  count: number,
  options: { bug?: Bug | undefined; onWorld: (report: WorldReport) => 'stop' | undefined },
): Promise<void> {
  for (let from = first; from < first + count; from += BATCH) {
    let worlds: World[] = [];
    for (let seed = from; seed < Math.min(from + BATCH, first + count); seed += 1)
      worlds.push(new World(seed, options.bug));
    while (worlds.length > 0) {
      // Every promise that the last event has settled is followed to its end before the next event.
      await new Promise((resolve) => setImmediate(resolve));
      const running = worlds.filter((world) => world.step());
      if (running.length < worlds.length) {
        for (const world of worlds) {
          if (!running.includes(world) && options.onWorld(world.finish()) === 'stop') return;
        }
      }
      worlds = running;
    }
  }
}
