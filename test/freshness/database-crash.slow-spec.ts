import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/infrastructure/embedded-postgres/index.js';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { eventually } from '../support/eventually.js';
import { Rows } from './support/rows.js';
import { TestNode } from './support/test-node.js';
import { insertServiceKey } from '../support/service-key.js';

const LEASE_MS = 1000;
const CRASHES = 4;
const KEYS = 200;

/** A server of its own, with nothing traded for speed: what it has committed must survive. */
describe('When PostgreSQL is stopped in the middle of everything, again and again', () => {
  let directory: string;
  let postgres: EmbeddedPostgres;
  let admin: Pool;
  let records: Rows;
  let nodes: TestNode[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'upblit-freshness-'));
    await chmod(directory, 0o711);
    postgres = await startEmbeddedPostgres({ dataDir: directory, log: () => undefined });
    await migrate(postgres.url);
    await insertServiceKey(postgres.url);
    admin = new Pool({ connectionString: postgres.url, max: 3 });
    admin.on('error', () => undefined);
    records = await Rows.open(postgres.url);
    nodes = await Promise.all([1, 2].map(() => TestNode.start({ url: postgres.url, leaseMs: LEASE_MS })));
  }, 120_000);

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await records.close();
    await admin.end();
    await postgres.stop();
    await removeEmbeddedPostgres(directory);
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  it('no answered revocation is lost, and the nodes recover', async () => {
    const application = await records.insertApplication();
    const keys: string[] = [];
    while (keys.length < KEYS) keys.push(await records.insertKey(application));
    for (const key of keys) for (const node of nodes) expect(await node.accepts(key)).toBe(true);

    const answered: string[] = [];
    const violations: string[] = [];
    let failed = 0;
    const over = new AbortController();
    const crashing = (async () => {
      for (let crash = 0; crash < CRASHES; crash += 1) {
        await new Promise((resolve) => setTimeout(resolve, 1200));
        // As `pg_ctl stop -m immediate` does.
        process.kill(await postmasterPid(), 'SIGQUIT');
        await eventually(() => admin.query('SELECT 1'), 30_000);
      }
      over.abort();
    })();
    const verifying = (async () => {
      while (!over.signal.aborted) {
        const checked = answered.length;
        for (const key of answered.slice(0, checked)) {
          for (const node of nodes) {
            const accepted = await node.accepts(key).catch(() => 'unavailable');
            if (accepted === true) violations.push(key);
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    const revoking = (async () => {
      for (const [index, key] of keys.entries()) {
        while (!answered.includes(key)) {
          try {
            await nodes[index % 2]!.disable(key);
            answered.push(key);
            for (const node of nodes) if (await node.accepts(key).catch(() => false)) violations.push(key);
          } catch {
            failed += 1;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
        if (over.signal.aborted) return;
        // Long enough for the last crash to come among them.
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    })();
    await Promise.all([crashing, verifying, revoking]);

    expect(violations).toEqual([]);
    expect(answered.length).toBeGreaterThan(CRASHES);
    expect(failed).toBeGreaterThan(0);
    for (const node of nodes)
      await eventually(() => {
        expect(node.freshness.held()).toBe(true);
      });
    const enabled = await eventually(() =>
      admin.query('SELECT id FROM api_keys WHERE enabled AND id = ANY ($1)', [answered]),
    );
    expect(enabled.rows).toEqual([]);
  }, 120_000);

  async function postmasterPid(): Promise<number> {
    const file = await readFile(join(directory, 'postgres/data/postmaster.pid'), 'utf8');
    return Number(file.split('\n')[0]);
  }
});
