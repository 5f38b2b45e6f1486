import type { NodeClock } from '../application/ports.js';

export const systemNodeClock: NodeClock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    // Waiting for the next renewal is no reason to stay alive.
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
