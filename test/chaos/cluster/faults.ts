import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldFault } from '../faults/held-fault.js';
import { giveUpCommits } from './given-up-commits.js';
import type { Member } from './member.js';
import type { PatroniCluster } from './patroni-cluster.js';

/** Milliseconds for which commits are given up: less than the walsender's time-out, after which Patroni knows. */
const GIVING_UP_MS = 2500;
/** Milliseconds for which nothing is replayed, so that there is something to lag behind. */
const LAG_MS = 1500;
/** Milliseconds that each lasts before it is healed, at least and at most. */
const HOLD_MS = [1000, 5000] as const;

type Random = () => number;

type Inject = (cluster: PatroniCluster, random: Random) => Promise<() => Promise<void>>;

/** What may happen to the cluster. Each leaves it as healthy as it was, with another leader perhaps. */
const FAULTS = {
  switchover: (cluster) => {
    const done = cluster.switchOver();
    done.catch(() => undefined);
    return Promise.resolve(async () => {
      await done;
      await cluster.untilHealthy();
    });
  },
  'lagging-switchover': laggingSwitchover,
  'leader-killed': async (cluster) => {
    const leader = await cluster.leader();
    await leader.kill();
    return async () => {
      await cluster.untilLedByAnotherThan(leader);
      await leader.start();
      await cluster.untilHealthy();
    };
  },
  'leader-frozen': (cluster, random) => takeAway(cluster, random, (leader) => leader.freeze()),
  /** From etcd and from its standbys alone: the nodes still reach it, and may read what is true no more. */
  'leader-partitioned': (cluster, random) => takeAway(cluster, random, (leader) => leader.cutOff()),
  'leader-isolated': (cluster, random) => takeAway(cluster, random, (leader) => leader.isolate()),
  'standbys-lost': loseStandbys,
  'commits-cancelled': (cluster) => loseGivenUpCommits(cluster, 'pg_cancel_backend'),
  'commits-terminated': (cluster) => loseGivenUpCommits(cluster, 'pg_terminate_backend'),
  'route-stale': staleRoute,
} as const satisfies Record<string, Inject>;

export const CLUSTER_FAULTS = Object.keys(FAULTS);

export function clusterFaults(cluster: PatroniCluster): readonly HeldFault[] {
  return Object.entries<Inject>(FAULTS).map(([name, inject]) => ({
    name,
    holdMs: HOLD_MS,
    inject: (random) => inject(cluster, random),
  }));
}

async function loseStandbys(cluster: PatroniCluster, random: Random): Promise<() => Promise<void>> {
  const { synchronous, other } = await cluster.standbys();
  const standbys = [synchronous, other];
  const areKilled = random() < 0.5;
  for (const standby of standbys) await (areKilled ? standby.kill() : standby.freeze());
  return async () => {
    for (const standby of standbys) {
      if (areKilled) await standby.start();
      else standby.thaw();
    }
    await cluster.untilHealthy();
  };
}

/** For less than it takes the others to notice, or, three times of four, until they have elected another leader. */
async function takeAway(
  cluster: PatroniCluster,
  random: Random,
  away: (leader: Member) => Promise<void>,
): Promise<() => Promise<void>> {
  const leader = await cluster.leader();
  const untilElected = random() < 0.75;
  await away(leader);
  return async () => {
    if (untilElected) await cluster.untilLedByAnotherThan(leader);
    leader.thaw();
    await leader.reconnect();
    await cluster.untilHealthy();
  };
}

/** Who takes the lead has much to replay first, and who gives it up stands still as a standby. */
async function laggingSwitchover(cluster: PatroniCluster): Promise<() => Promise<void>> {
  const leader = await cluster.leader();
  const { synchronous, other } = await cluster.standbys();
  await Promise.all([synchronous, other].map((standby) => standby.query('SELECT pg_wal_replay_pause()')));
  await sleep(LAG_MS);
  const done = cluster.switchOver();
  done.catch(() => undefined);
  const paused = pauseAsSoonAsItIsStandby(leader, done);
  return async () => {
    await done;
    await paused;
    for (const member of cluster.members) await resumeReplay(member);
    await cluster.untilHealthy();
  };
}

async function pauseAsSoonAsItIsStandby(member: Member, until: Promise<void>): Promise<void> {
  const over = new AbortController();
  until
    .catch(() => undefined)
    .finally(() => {
      over.abort();
    });
  while (!over.signal.aborted) {
    try {
      await member.query('SELECT pg_wal_replay_pause()');
      return;
    } catch {
      // It leads still, or does not answer yet.
      await sleep(10);
    }
  }
}

async function resumeReplay(member: Member): Promise<void> {
  await member.query('SELECT pg_wal_replay_resume() WHERE pg_is_in_recovery()').catch(() => undefined);
}

/**
 * The router sends new connections to a standby that stands still, while those with which the nodes hold their leases
 * stay on the leader: what a name that is cached too long does. What the nodes read there is true no more.
 */
async function staleRoute(cluster: PatroniCluster): Promise<() => Promise<void>> {
  const leader = await cluster.leader();
  const { other } = await cluster.standbys();
  await other.query('SELECT pg_wal_replay_pause()');
  await sleep(LAG_MS);
  leader.leadClientsTo(other);
  await endPooledConnections(leader);
  return async () => {
    leader.leadClientsTo(leader);
    await endPooledConnections(other);
    await resumeReplay(other);
    await cluster.untilHealthy();
  };
}

/** Ends those that serve requests; those of the leases go by another name. */
export async function endPooledConnections(member: Member): Promise<void> {
  await member.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'upblit'`,
  );
}

/**
 * Nothing is replicated, so that every commit waits for the synchronous standby; somebody makes them give up waiting,
 * and then the leader dies. Who has taken a commit that was given up for one that counts has lost it.
 */
async function loseGivenUpCommits(
  cluster: PatroniCluster,
  by: 'pg_cancel_backend' | 'pg_terminate_backend',
): Promise<() => Promise<void>> {
  const leader = await cluster.leader();
  await leader.stopReplication();
  await giveUpCommits(leader, by, GIVING_UP_MS);
  await leader.kill();
  return async () => {
    await cluster.untilLedByAnotherThan(leader);
    await leader.reconnect();
    await leader.start();
    await cluster.untilHealthy();
  };
}
