import type { Fault } from '../database-under-test.js';
import type { NodeProcess } from '../node-process.js';
import type { HeldFault } from './held-fault.js';

/** What can be done to one node, or to what stands between it and its database. */
const ON_ONE_NODE: Record<
  string,
  (node: NodeProcess, random: () => number, leaseMs: number) => Promise<() => Promise<void>>
> = {
  delayed: async (node, random, leaseMs) => {
    const by = (0.05 + 1.05 * random()) * leaseMs;
    const how = Math.floor(3 * random());
    if (how === 0) await node.proxy.delay(by);
    else if (how === 1) node.proxy.delayAnswers(by);
    else node.proxy.jitter(() => (random() < 0.3 ? by * random() : 0));
    return () => node.proxy.restore();
  },
  cut: async (node, random) => {
    if (random() < 0.5) node.proxy.cut();
    else await node.proxy.refuse();
    return () => node.proxy.restore();
  },
  /** Connections stay open, and nothing comes through any more, or late. */
  'half-open': async (node, random) => {
    if (random() < 0.5) node.proxy.hold();
    else await node.proxy.blackHole();
    return () => node.proxy.restore();
  },
  'notifications-lost': (node) => {
    node.proxy.swallowNotifications();
    return Promise.resolve(() => node.proxy.restore());
  },
  'node-frozen': (node) => {
    node.freeze();
    return Promise.resolve(() => {
      node.thaw();
      return Promise.resolve();
    });
  },
  'node-killed': async (node) => {
    await node.kill();
    return () => node.restart();
  },
  'node-clock-set': async (node) => {
    await node.setClockBack();
    return () => Promise.resolve();
  },
};

export const NODE_FAULTS = Object.keys(ON_ONE_NODE);

/** Module of test/support/ that a node has to have loaded for its clock to be set. */
export const CLOCK_ON_SIGNAL = 'clock-on-signal.mjs';

/** Each comes to one node at a time, whichever the seed picks. */
export function nodeFault(name: string, nodes: readonly NodeProcess[], leaseMs: number): Fault {
  const inject = ON_ONE_NODE[name]!;
  const fault: HeldFault = {
    name,
    holdMs: [0.2 * leaseMs, 5 * leaseMs],
    inject: (random) => inject(nodes[Math.floor(random() * nodes.length)]!, random, leaseMs),
  };
  return fault;
}
