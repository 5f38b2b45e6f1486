import { expect } from '@jest/globals';
import { Pool } from 'pg';
import { createTestDatabase, directUrlOf, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { Rows } from './rows.js';
import { TestNode, type TestNodeOptions } from './test-node.js';

/** Some nodes on a database of their own, with one application whose keys they know. */
export class TestCluster {
  private readonly nodes: TestNode[] = [];
  private readonly proxies: TcpProxy[] = [];

  private constructor(
    private readonly database: TestDatabase,
    /** A way to the database that nothing stands in. */
    readonly admin: Pool,
    private readonly rows: Rows,
    readonly application: string,
    private readonly leaseMs: number,
  ) {}

  static async create(leaseMs: number): Promise<TestCluster> {
    const database = await createTestDatabase();
    const admin = new Pool({ connectionString: directUrlOf(database), max: 3 });
    admin.on('error', () => undefined);
    const rows = await Rows.open(database.url);
    return new TestCluster(database, admin, rows, await rows.insertApplication(), leaseMs);
  }

  async start(count: number, options: Partial<TestNodeOptions> = {}): Promise<TestNode[]> {
    const { url } = this.database;
    const started = await Promise.all(
      Array.from({ length: count }, () =>
        TestNode.start({
          url,
          feedUrl: options.url ?? directUrlOf(this.database),
          leaseMs: this.leaseMs,
          ...options,
        }),
      ),
    );
    this.nodes.push(...started);
    return started;
  }

  /** Something that stands between a node and the database, and can be told to misbehave. */
  async proxied(): Promise<{ proxy: TcpProxy; url: string }> {
    const proxied = await TcpProxy.before(directUrlOf(this.database));
    this.proxies.push(proxied.proxy);
    return proxied;
  }

  insertKey(): Promise<string> {
    return this.rows.insertKey(this.application);
  }

  /** A new key that each of these nodes has in memory. */
  async cachedOn(nodes: readonly TestNode[]): Promise<string> {
    const key = await this.insertKey();
    for (const node of nodes) {
      await eventually(async () => {
        expect(await node.accepts(key)).toBe(true);
        expect(node.cache.recall(key)).toBeDefined();
      });
    }
    return key;
  }

  async destroy(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
    await this.rows.close();
    await this.admin.end();
    await this.database.drop();
  }
}

/** What each of these nodes says of a key to a verification that begins now. */
export function accepting(nodes: readonly TestNode[], key: string): Promise<boolean[]> {
  return Promise.all(nodes.map((node) => node.accepts(key)));
}
