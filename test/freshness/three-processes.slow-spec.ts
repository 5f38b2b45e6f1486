import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { issue, revoke } from '../chaos/changes.js';
import { Clients } from '../chaos/clients.js';
import type { KeyHistory } from '../chaos/history/key-history.js';
import { Violations } from '../chaos/history/violations.js';
import { NodeProcess } from '../chaos/node-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { Random } from '../support/random.js';

const REVOCATIONS = 200;
/** Keys that are revoked at the same time. */
const AT_ONCE = 3;
const LEASE_MS = 500;
/** What a busy machine may add to the time that anything takes. */
const SLACK_MS = 4000;

/** Directed trials; `npm run chaos` does to such processes whatever a seed says. */
describe('Three processes of the service on one PostgreSQL', () => {
  const random = new Random(1);
  const violations = new Violations(() => performance.now());
  let database: TestDatabase;
  let admin: Pool;
  let nodes: NodeProcess[];
  let clients: Clients;

  beforeAll(async () => {
    database = await createTestDatabase();
    admin = new Pool({ connectionString: database.url, max: 3 });
    const env = { VERIFY_LEASE_MS: String(LEASE_MS) };
    nodes = await Promise.all(['a', 'b', 'c'].map((name) => NodeProcess.start(name, database.url, env)));
    clients = await Clients.of(nodes, violations, performance.now());
  }, 60_000);

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await admin.end();
    await database.drop();
  });

  it('answer a revocation long before a lease runs out, while they are well', async () => {
    const keys = await issueKnown(REVOCATIONS);
    const times: number[] = [];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (;;) {
          const key = keys.pop();
          if (key === undefined) return;
          times.push(await timeToRevoke(key, random.pick(nodes)));
          await Promise.all(nodes.map((node) => clients.verify(node, key)));
        }
      }),
    );
    times.sort((a, b) => a - b);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(LEASE_MS / 2);
    expect(violations.found).toEqual([]);
  }, 60_000);

  it.each(['before', 'after'] as const)(
    'are not held up by one that freezes right %s it has sent the commit of a change',
    async (when) => {
      const [frozen, other] = nodes as [NodeProcess, NodeProcess];
      const [changed, ...keys] = (await issueKnown(6)) as [KeyHistory, ...KeyHistory[]];

      const held = frozen.proxy.holdAt('COMMIT', when);
      const path = `/apikey/${changed.id}`;
      const change = frozen.call('PATCH', path, { token: clients.token, body: { name: 'another' } });
      await held;
      frozen.freeze();
      await eventually(async () => {
        expect(await openTransactions(frozen)).toBe(when === 'before' ? 1 : 0);
      });
      const began = performance.now();
      for (const key of keys) await revoke(clients, () => other, key);
      const took = performance.now() - began;
      const asked = keys.map((key) => clients.verify(frozen, key));
      frozen.thaw();
      await frozen.proxy.restore();
      await Promise.all(asked);

      await change;
      await revoke(clients, () => other, changed);

      // Only the first has to wait for the lease of the frozen one.
      expect(took).toBeLessThan(LEASE_MS + SLACK_MS);
      expect(violations.found).toEqual([]);
    },
  );

  it('never accept a revoked key on one that was frozen for ten leases, whatever it was asked meanwhile', async () => {
    const [frozen, other] = nodes as [NodeProcess, NodeProcess];
    const keys = await issueKnown(20);
    frozen.freeze();
    const thaws = sleep(10 * LEASE_MS).then(() => {
      frozen.thaw();
    });
    const asked: Promise<boolean>[] = [];
    for (const key of keys) {
      await revoke(clients, () => other, key);
      asked.push(clients.verify(frozen, key));
      await sleep((8 * LEASE_MS) / keys.length);
    }
    await thaws;

    expect(await Promise.all(asked)).toEqual(keys.map(() => true));
    expect(violations.found).toEqual([]);
    await eventually(async () => {
      const [key] = await issueKnown(1);
      expect(await timeToRevoke(key!, frozen)).toBeLessThan(LEASE_MS / 2);
    });
  }, 60_000);

  /** New keys, issued by the first node, that every node has in memory. */
  async function issueKnown(count: number): Promise<KeyHistory[]> {
    const application = await clients.createApplication(random);
    const keys: KeyHistory[] = [];
    while (keys.length < count) keys.push(await issue(clients, random, application));
    for (const key of keys) await Promise.all(nodes.map((node) => clients.verify(node, key)));
    return keys;
  }

  async function timeToRevoke(key: KeyHistory, by: NodeProcess): Promise<number> {
    const began = performance.now();
    await revoke(clients, () => by, key);
    return performance.now() - began;
  }

  async function openTransactions({ proxy }: NodeProcess): Promise<number> {
    const { rowCount } = await admin.query(
      `SELECT FROM pg_stat_activity WHERE state = 'idle in transaction' AND client_port = ANY ($1)`,
      [proxy.ports],
    );
    return rowCount ?? 0;
  }
});
