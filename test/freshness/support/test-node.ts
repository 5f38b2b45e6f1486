import type { Pool } from 'pg';
import { commitStatement } from '../../../src/infrastructure/database/commit.js';
import { ConnectionPool } from '../../../src/infrastructure/database/connection-pool.js';
import { DomainError } from '../../../src/shared/domain-error.js';
import { FreshCache, onKind, onEntity, type Freshness } from '../../../src/modules/freshness/index.js';
import { createFreshness } from '../../../src/modules/freshness/infrastructure/create-freshness.js';

export interface CachedKey {
  id: string;
  application: string;
  enabled: boolean;
}

export interface TestNodeOptions {
  url: string;
  /** Where the lease's own connection goes, when it goes another way than the pool. */
  feedUrl?: string;
  leaseMs?: number;
  staleMs?: number;
  poolSize?: number;
  /** Milliseconds that anybody waits for a connection of the pool. */
  poolWaitMs?: number;
}

/** One node of the protocol with a cache of keys; several of them make a cluster in one process. */
export class TestNode {
  readonly warnings: string[] = [];
  readonly pool: Pool;
  readonly freshness: Freshness;
  readonly cache: FreshCache<CachedKey>;
  queries = 0;
  /** Statements of any kind, but for those of the lease. */
  statements = 0;

  constructor(options: TestNodeOptions) {
    const { url, feedUrl = url, leaseMs = 1000, staleMs = 0, poolSize = 3, poolWaitMs = 120_000 } = options;
    this.pool = new ConnectionPool({
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: poolWaitMs,
    });
    this.pool.on('error', () => undefined);
    this.pool.on('acquire', () => {
      this.statements += 1;
    });
    this.freshness = createFreshness({
      url: feedUrl,
      pool: this.pool,
      leaseMs,
      staleMs,
      waitMs: 3000,
      log: { warn: (message) => this.warnings.push(message), log: () => undefined },
    });
    this.cache = new FreshCache<CachedKey>(this.freshness, {
      entries: 1000,
      bytes: 1000,
      sizeOf: () => 1,
      unknownEntries: 1000,
      unknownMs: 1000,
      dependenciesOf: ({ id, application }) => [
        onEntity('api_key', id),
        onEntity('application', application),
      ],
      dependenciesOfUnknown: [onKind('import')],
    });
  }

  static async start(options: TestNodeOptions): Promise<TestNode> {
    const node = new TestNode(options);
    node.freshness.start();
    await node.freshness.ready;
    return node;
  }

  /** Whether a verification that begins now finds the key usable; one that is not answered does not. */
  async accepts(id: string): Promise<boolean> {
    try {
      const key = this.cache.recall(id) ?? (await this.cache.read(id, (key) => this.load(key)));
      return key?.enabled === true;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'service_unavailable') return false;
      throw error;
    }
  }

  /** Disables the key as a service would: the answer is given when this resolves. */
  async disable(id: string): Promise<void> {
    const { change } = await commitStatement(this.pool, 'UPDATE api_keys SET enabled = false WHERE id = $1', [
      id,
    ]);
    await this.freshness.waitForPropagation(change);
  }

  async stop(): Promise<void> {
    await this.freshness.stop();
    await this.pool.end();
  }

  private load(id: string): Promise<CachedKey | null> {
    return this.freshness.read(async () => {
      this.queries += 1;
      const { rows } = await this.pool.query<{ asOf: number; key: CachedKey | null }>(
        `SELECT number::float8 AS "asOf",
                (SELECT json_build_object('id', id, 'application', application_id, 'enabled', enabled)
                   FROM api_keys WHERE id = $1) AS key
           FROM key_change_counter`,
        [id],
      );
      const { asOf, key } = rows[0]!;
      return { value: key, asOf };
    });
  }
}
