import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { CopiedCheckout, type Account, type CopyOptions } from './copied-checkout.js';
import { removeEmbeddedPostgres } from '../../src/infrastructure/embedded-postgres/index.js';

/** The user `nobody` of every Linux. */
const NOBODY = 65_534;

/** A temporary directory every user can enter, and what the tests of a file make and run in it. */
export class Scratch {
  readonly #checkouts: CopiedCheckout[] = [];
  readonly #dataDirs: string[] = [];

  private constructor(private readonly directory: string) {}

  static async make(): Promise<Scratch> {
    const directory = await mkdtemp(join(tmpdir(), 'upblit-platform-'));
    await chmod(directory, 0o755);
    return new Scratch(directory);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** One that only its owner can enter, as home directories often are. */
  closedDirectory(): Promise<string> {
    return mkdtemp(join(this.directory, 'closed-'));
  }

  /** Another one, of an ordinary user's; and that user when it is not we. */
  async ordinaryUsersDirectory(): Promise<{ directory: string; account: Account }> {
    const directory = await this.closedDirectory();
    if (process.getuid?.() !== 0) return { directory, account: {} };
    const account = { uid: NOBODY, gid: NOBODY };
    await chown(directory, account.uid, account.gid);
    return { directory, account };
  }

  /** A data directory that does not exist yet. */
  newDataDir(parent = this.directory): string {
    const dataDir = join(parent, `data-${this.#dataDirs.length}`);
    this.#dataDirs.push(dataDir);
    return dataDir;
  }

  async copyCheckout(directory: string, options: CopyOptions): Promise<CopiedCheckout> {
    const checkout = await CopiedCheckout.make(directory, options);
    this.#checkouts.push(checkout);
    return checkout;
  }

  /** Ends whatever a test left running. */
  async clear(): Promise<void> {
    await Promise.all(this.#checkouts.map((checkout) => checkout.kill()));
    await Promise.all(this.#dataDirs.map((dataDir) => removeEmbeddedPostgres(dataDir)));
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The one value of the statement's first row. */
export async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

/** Waits for a condition, at most 20 s. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('It did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
