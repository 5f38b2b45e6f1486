import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { Client, verify, type Caller, type CreatedKey } from '../support/builders.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { signIn } from '../support/sign-in.js';
import { TEST_PEPPERS, TestApp } from '../support/test-app.js';

const NEW_PEPPER = `2=${Buffer.alloc(32, 7).toString('base64url')}`;
const BOTH = `${TEST_PEPPERS},${NEW_PEPPER}`;

/** One of several nodes behind a load balancer. */
class Node {
  private app: TestApp | undefined;
  private readonly running = new Set<Promise<unknown>>();

  constructor(private readonly database: TestDatabase) {}

  get isInService(): boolean {
    return this.app !== undefined;
  }

  /** Takes no more calls, finishes those it has, and comes back with another configuration. */
  async restart(env: Record<string, string>): Promise<void> {
    await this.stop();
    // Without a cache every verification looks its key up.
    const more = { VERIFY_CACHE_ENTRIES: '0', MAX_ACTIVE_KEYS_PER_APPLICATION: '100000' };
    this.app = await TestApp.start({ database: this.database, env: { ...more, ...env } });
  }

  async stop(): Promise<void> {
    const { app } = this;
    this.app = undefined;
    await Promise.all(this.running);
    await app?.stop();
  }

  async call<T>(work: (app: TestApp) => Promise<T>): Promise<T> {
    const call = work(this.app!);
    const settled = call.catch(() => undefined);
    this.running.add(settled);
    void settled.then(() => this.running.delete(settled));
    return call;
  }
}

describe('a new pepper', () => {
  let database: TestDatabase;
  let nodes: Node[];
  let caller: Caller;
  let applicationId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    nodes = [new Node(database), new Node(database), new Node(database)];
    for (const node of nodes) await node.restart({ API_KEY_PEPPERS: TEST_PEPPERS });
    caller = await nodes[0]!.call((app) => signIn(app));
    applicationId = await nodes[0]!.call((app) => new Client(app, caller).createApplication());
  });
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await database.drop();
  });

  function inService(): Node[] {
    return nodes.filter((node) => node.isInService);
  }

  function issue(node: Node, idempotencyKey: string): Promise<CreatedKey> {
    return node.call(async (app) => {
      const response = await new Client(app, caller)
        .post(`/apikey?ApplicationId=${applicationId}`)
        .set('Idempotency-Key', idempotencyKey);
      if (response.status !== 200) throw new Error(`issuing was answered ${response.status}`);
      return { id: String(response.headers.location), key: response.body as string };
    });
  }

  it('is rolled out node by node under load, and refuses nothing', async () => {
    const refusals: string[] = [];
    const keys: string[] = [];
    let rounds = 0;
    let rolling = true;

    /** What one node issues every node finds, and answers again. */
    async function round(): Promise<void> {
      const name = randomUUID();
      const [first, ...others] = inService().sort(() => Math.random() - 0.5);
      const { key } = await issue(first!, name);
      keys.push(key);
      const again = others[0];
      if (again?.isInService === true && (await issue(again, name)).key !== key) refusals.push('another key');
      const old = keys[rounds % keys.length]!;
      for (const text of [key, old]) {
        for (const node of nodes) {
          if (!node.isInService) continue;
          const { code } = await node.call((app) => verify(app, text));
          if (code !== 'VALID') refusals.push(String(code));
        }
      }
      rounds += 1;
    }

    const load = Array.from({ length: 2 }, async () => {
      while (rolling) await round().catch((error: unknown) => refusals.push(String(error)));
    });
    async function roll(env: Record<string, string>): Promise<void> {
      for (const node of nodes) {
        const before = rounds;
        await eventually(() => {
          expect(rounds).toBeGreaterThan(before + 3);
        }, 60_000);
        await node.restart(env);
      }
    }
    try {
      await roll({ API_KEY_PEPPERS: BOTH, API_KEY_PEPPER_VERSION: '1' });
      await roll({ API_KEY_PEPPERS: BOTH, API_KEY_PEPPER_VERSION: '2' });
    } finally {
      rolling = false;
      await Promise.all(load);
    }
    expect(refusals).toEqual([]);

    // Every key moves when it is verified, by whichever node; then the old pepper can go.
    for (const key of keys)
      expect(await nodes[0]!.call((app) => verify(app, key))).toMatchObject({ valid: true });
    await eventually(async () => {
      const versions = await nodes[0]!.call((app) =>
        app.query('SELECT DISTINCT pepper_version FROM api_key_secrets'),
      );
      expect(versions).toEqual([{ pepper_version: 2 }]);
    });
    await nodes[1]!.restart({ API_KEY_PEPPERS: NEW_PEPPER });
    for (const key of keys)
      expect(await nodes[1]!.call((app) => verify(app, key))).toMatchObject({ valid: true });
  }, 180_000);

  it('is given up again without a refusal: a key that has moved to it stays there', async () => {
    for (const node of nodes) await node.restart({ API_KEY_PEPPERS: BOTH, API_KEY_PEPPER_VERSION: '2' });
    const { key } = await issue(nodes[0]!, randomUUID());
    await nodes[1]!.restart({ API_KEY_PEPPERS: BOTH, API_KEY_PEPPER_VERSION: '1' });
    for (const node of nodes) {
      expect(await node.call((app) => verify(app, key))).toMatchObject({ valid: true });
    }
    const versions = await nodes[0]!.call((app) =>
      app.query('SELECT DISTINCT pepper_version FROM api_key_secrets'),
    );
    expect(versions).toEqual([{ pepper_version: 2 }]);
  }, 120_000);
});
