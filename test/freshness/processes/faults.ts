import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Random } from '../../support/random.js';
import type { NodeProcess } from '../../chaos/node-process.js';

interface FaultContext {
  node: NodeProcess;
  /** A way to the database that nothing stands in. */
  admin: Pool;
  random: Random;
  leaseMs: number;
}

type Fault = (context: FaultContext) => Promise<void>;

/** What may happen to a node. Each leaves it as it was. */
export const FAULTS = {
  'its listener is terminated, again and again': async (context) => {
    for (let times = context.random.whole(3, 10); times > 0; times -= 1) {
      await terminate(context, 'upblit freshness');
      await sleep(context.random.between(5, 50));
    }
  },
  'every connection of it is terminated': (context) => terminate(context, '%'),
  'it is frozen beyond its lease': async ({ node, random, leaseMs }) => {
    node.freeze();
    await sleep(random.between(1.1, 3) * leaseMs);
    node.thaw();
  },
  'it is frozen again and again for less than its lease': async ({ node, random, leaseMs }) => {
    for (let times = 3; times > 0; times -= 1) {
      node.freeze();
      await sleep(random.between(0.3, 0.9) * leaseMs);
      node.thaw();
      await sleep(random.between(0, 0.3) * leaseMs);
    }
  },
  'it is killed and started again': async ({ node, random, leaseMs }) => {
    await node.kill();
    await sleep(random.between(0, 1.5) * leaseMs);
    await node.restart();
  },
  'its connections are cut and refused': async ({ node, random, leaseMs }) => {
    await node.proxy.refuse();
    await sleep(random.between(0.1, 2) * leaseMs);
    await node.proxy.restore();
  },
  'its connections are held, and go on later': async ({ node, random, leaseMs }) => {
    node.proxy.hold();
    await sleep(random.between(0.3, 2) * leaseMs);
    await node.proxy.restore();
  },
  'what it asks and is answered comes late': async ({ node, random, leaseMs }) => {
    await node.proxy.delay(random.between(0.05, 0.6) * leaseMs);
    await sleep(2 * leaseMs);
    await node.proxy.restore();
  },
  'its answers come when its lease is nearly over, or later': async ({ node, random, leaseMs }) => {
    node.proxy.delayAnswers(random.between(0.6, 1.1) * leaseMs);
    await sleep(4 * leaseMs);
    await node.proxy.restore();
  },
  'its notifications are lost': async ({ node, leaseMs }) => {
    node.proxy.swallowNotifications();
    await sleep(3 * leaseMs);
    await node.proxy.restore();
  },
} as const satisfies Record<string, Fault>;

type FaultName = keyof typeof FAULTS;

/** Every fault once, in an order of the seed's. */
export function shuffledFaults(random: Random): FaultName[] {
  const left = Object.keys(FAULTS) as FaultName[];
  const shuffled: FaultName[] = [];
  while (left.length > 0) shuffled.push(...left.splice(random.whole(0, left.length - 1), 1));
  return shuffled;
}

async function terminate({ node, admin }: FaultContext, applications: string): Promise<void> {
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND client_port = ANY ($1) AND application_name LIKE $2`,
    [node.proxy.ports, applications],
  );
}
