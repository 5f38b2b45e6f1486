import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/infrastructure/embedded-postgres/index.js';
import { migrate } from '../../src/infrastructure/database/migrate.js';
import { SERVING_ROLE, type TestDatabase } from './database.js';
import { insertServiceKey } from './service-key.js';

/** A server of one test's own, which may be done anything to. Nothing is traded for speed. */
export class OwnPostgres {
  private frozen: number[] = [];

  private constructor(
    private readonly directory: string,
    private readonly server: EmbeddedPostgres,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<OwnPostgres> {
    const directory = await mkdtemp(join(tmpdir(), 'upblit-own-'));
    await chmod(directory, 0o711);
    const server = await startEmbeddedPostgres({ dataDir: directory, log: () => undefined, settings });
    await migrate(server.url, { servingRole: SERVING_ROLE });
    await insertServiceKey(server.url);
    return new OwnPostgres(directory, server);
  }

  get url(): string {
    return this.server.url;
  }

  /** For `TestApp`, which must not drop it. */
  get database(): TestDatabase {
    return { url: this.url, drop: () => Promise.resolve() };
  }

  /** Stops every process of the server where it stands; connections stay, and new ones wait. */
  async freeze(): Promise<void> {
    const postmaster = Number(
      (await readFile(join(this.dataDirectory, 'postmaster.pid'), 'utf8')).split('\n')[0],
    );
    // The postmaster first: it makes no new process then.
    process.kill(postmaster, 'SIGSTOP');
    this.frozen = [postmaster, ...(await childrenOf(postmaster))];
    for (const pid of this.frozen) process.kill(pid, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.frozen.splice(0)) process.kill(pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.server.stop();
    await removeEmbeddedPostgres(this.directory);
    await rm(this.directory, { recursive: true, force: true });
  }

  private get dataDirectory(): string {
    return join(this.directory, 'postgres/data');
  }
}

async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid));
  const parents = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      // After the name of the program, which stands in brackets and may hold blanks: the state, then the parent.
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    }),
  );
  return pids.filter((_, i) => parents[i] === parent);
}
