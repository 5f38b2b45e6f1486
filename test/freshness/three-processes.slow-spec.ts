import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { FAULTS, shuffledFaults } from './processes/faults.js';
import { NodeProcess } from '../chaos/node-process.js';
import { Traffic, type Key } from './processes/traffic.js';
import { Random } from '../support/random.js';

/**
 * REVOCATIONS=20000 SEED=7 npm test -- test/freshness/three-processes
 *
 * The seed gives the faults, their order and their lengths, and what each client does next; how the processes
 * interleave is up to the machine.
 */
const SEED = Number(process.env.SEED ?? 1);
const REVOCATIONS = Number(process.env.REVOCATIONS ?? 2000);
const HEALTHY_REVOCATIONS = 200;
const LEASE_MS = 500;
/** What a busy machine may add to the time that anything takes. */
const SLACK_MS = 4000;

/** Keys whose lives go on at the same time. */
const LIVES = 100;
const VERIFIERS_PER_NODE = 3;

describe('Three processes of the service on one PostgreSQL', () => {
  let database: TestDatabase;
  let admin: Pool;
  let nodes: NodeProcess[];
  let traffic: Traffic;

  beforeAll(async () => {
    database = await createTestDatabase();
    admin = new Pool({ connectionString: database.url, max: 3 });
    const env = { VERIFY_LEASE_MS: String(LEASE_MS) };
    nodes = await Promise.all(['a', 'b', 'c'].map((name) => NodeProcess.start(name, database.url, env)));
    traffic = await Traffic.on(nodes);
  }, 60_000);

  afterAll(async () => {
    traffic.stop();
    await Promise.all(nodes.map((node) => node.stop()));
    await admin.end();
    await database.drop();
  });

  it('answer a revocation long before a lease runs out, while they are well', async () => {
    await traffic.run(HEALTHY_REVOCATIONS, randoms(3, 1), []);
    const times = traffic.timesToRevoke.toSorted((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((part) => times[Math.floor(part * times.length)]!);
    say(`DELETE to 204, ${times.length} calls: p50 ${p50!.toFixed(1)} ms, p99 ${p99!.toFixed(1)} ms`);

    expect(p50).toBeLessThan(LEASE_MS / 2);
    expectNoViolation();
  }, 60_000);

  it.each(['before', 'after'] as const)(
    'are not held up by one that freezes right %s it has sent the commit of a change',
    async (when) => {
      const [frozen, other] = nodes as [NodeProcess, NodeProcess];
      const [changed, ...keys] = (await traffic.issueKnown(6)) as [Key, ...Key[]];

      const held = frozen.proxy.holdAt('COMMIT', when);
      const path = `/apikey/${changed.id}`;
      const change = frozen.call('PATCH', path, { token: traffic.token, body: { name: 'another' } });
      await held;
      frozen.freeze();
      await eventually(async () => {
        expect(await openTransactions(frozen)).toBe(when === 'before' ? 1 : 0);
      });
      const began = performance.now();
      for (const key of keys) await traffic.revoke(key, other);
      const took = performance.now() - began;
      const asked = keys.map((key) => traffic.verify(frozen, key));
      frozen.thaw();
      await frozen.proxy.restore();
      await Promise.all(asked);

      await change;
      await traffic.revoke(changed, other);

      // Only the first has to wait for the lease of the frozen one.
      expect(took).toBeLessThan(LEASE_MS + SLACK_MS);
      expectNoViolation();
    },
  );

  it('never accept a revoked key on one that was frozen for ten leases, whatever it was asked meanwhile', async () => {
    const [frozen, other] = nodes as [NodeProcess, NodeProcess];
    const keys = await traffic.issueKnown(20);
    frozen.freeze();
    const thaws = sleep(10 * LEASE_MS).then(() => {
      frozen.thaw();
    });
    const asked: Promise<boolean>[] = [];
    for (const key of keys) {
      await traffic.revoke(key, other);
      asked.push(traffic.verify(frozen, key));
      await sleep((8 * LEASE_MS) / keys.length);
    }
    await thaws;

    expect(await Promise.all(asked)).toEqual(keys.map(() => true));
    expectNoViolation();
    await eventually(async () => {
      const [key] = await traffic.issueKnown(1);
      const began = performance.now();
      await traffic.revoke(key!, frozen);
      expect(performance.now() - began).toBeLessThan(LEASE_MS / 2);
    });
  }, 60_000);

  it(
    'never accept a key whose revocation was answered, nor miss one that was issued, whatever happens to them',
    async () => {
      const revokedBefore = traffic.history.revocations;
      say(`seed ${SEED}, ${REVOCATIONS} revocations`);
      const began = performance.now();
      const work = Promise.all([
        traffic.run(REVOCATIONS, randoms(LIVES, 2), randoms(VERIFIERS_PER_NODE, 3)),
        ...nodes.map((node, index) => torment(node, new Random(SEED * 1000 + index), revokedBefore)),
      ]);
      await Promise.race([work, ...nodes.map((node) => node.crashed)]);
      say(
        `${((performance.now() - began) / 1000).toFixed(0)} s, ${traffic.unserved} calls unserved, ` +
          JSON.stringify(Object.fromEntries([...traffic.history.verdicts].sort())),
      );

      if (traffic.unexpected.length > 0) for (const node of nodes) say(node.log);
      expectNoViolation();
      // It was about something: each node has answered, both ways, and the faults were felt.
      for (const { name } of nodes) {
        expect(traffic.history.verdicts.get(`${name} VALID`)).toBeGreaterThan(REVOCATIONS / 2);
        expect(traffic.history.verdicts.get(`${name} REVOKED`)).toBeGreaterThan(REVOCATIONS / 2);
      }
      expect(traffic.unserved).toBeGreaterThan(0);
      expect(await traffic.finalVerdicts()).toEqual(new Set(['REVOKED']));
    },
    60_000 + 60 * REVOCATIONS,
  );

  /** Every fault comes to every node, when so much of the work is done, on each in an order of its own. */
  async function torment(node: NodeProcess, random: Random, revokedBefore: number): Promise<void> {
    const faults = shuffledFaults(random);
    for (const [index, name] of faults.entries()) {
      const part = (index + random.next()) / faults.length;
      await traffic.reached(revokedBefore + 0.9 * part * REVOCATIONS);
      await FAULTS[name]({ node, admin, random, leaseMs: LEASE_MS });
    }
  }

  async function openTransactions({ proxy }: NodeProcess): Promise<number> {
    const { rowCount } = await admin.query(
      `SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND client_port = ANY ($1)`,
      [proxy.ports],
    );
    return rowCount ?? 0;
  }

  function expectNoViolation(): void {
    expect(traffic.history.violations).toEqual([]);
    expect(traffic.unexpected).toEqual([]);
  }
});

/** So many generators that have nothing in common with one another, nor with those of another purpose. */
function randoms(count: number, purpose: number): Random[] {
  return Array.from({ length: count }, (_, index) => new Random(SEED * 1_000_000 + purpose * 1000 + index));
}

function say(text: string): void {
  process.stderr.write(`    ${text}\n`);
}
