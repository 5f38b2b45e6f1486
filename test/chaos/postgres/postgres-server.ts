import { readdirSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import {
  openCluster,
  removeCluster,
  urlOf,
  type Cluster,
} from '../../../src/infrastructure/embedded-postgres/cluster.js';
import {
  findPostmaster,
  freePort,
  startPostmaster,
  stopPostmaster,
  type Postmaster,
} from '../../../src/infrastructure/embedded-postgres/postmaster.js';
import { eventually } from '../../support/eventually.js';

/** As safe as usual against the death of its processes; nothing here survives a power cut, nor needs to. */
const SETTINGS = {
  fsync: 'off',
  max_connections: '200',
  wal_keep_size: '1GB',
  max_wal_senders: '5',
};

/** The embedded PostgreSQL, on a directory and a port of its own, and in the hands of a test. */
export class PostgresServer {
  private constructor(
    private readonly directory: string,
    private readonly cluster: Cluster,
    private readonly port: number,
    private readonly settings: Record<string, string>,
  ) {}

  /**
   * Makes a cluster in this directory, without starting it.
   *
   * @param preload a library that is loaded into the server (LD_PRELOAD), and its variables
   */
  static async create(directory: string, preload?: Record<string, string>): Promise<PostgresServer> {
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const cluster = await openCluster(directory, { sync: false, log: () => undefined });
    if (preload !== undefined) cluster.binaries.postgres = await wrap(directory, cluster, preload);
    return new PostgresServer(directory, cluster, await freePort(), SETTINGS);
  }

  url(database: string): string {
    return urlOf(this.cluster, this.port, database);
  }

  async start(): Promise<void> {
    await this.startUntil(async () => {
      if ((await findPostmaster(this.cluster))?.isReady !== true) throw new Error('PostgreSQL is starting');
    });
  }

  /** As a standby, which recovers until it is promoted: of nobody, so that it shows what it has and no more. */
  async startAsStandby(): Promise<void> {
    const signal = join(this.cluster.data, 'standby.signal');
    await writeFile(signal, '');
    const { account } = this.cluster;
    if (account !== undefined) await chown(signal, account.uid, account.gid);
    await this.startUntil(() => this.ask('SELECT 1'));
  }

  /** Makes a primary of a standby; resolves when it is one. */
  async promote(): Promise<void> {
    await this.ask('SELECT pg_promote(true)');
  }

  /** As an administrator would; sessions are ended. */
  async stop(): Promise<void> {
    const postmaster = await findPostmaster(this.cluster);
    if (postmaster !== undefined) await stopPostmaster(this.cluster, postmaster);
  }

  /** All its processes, as a power cut would end them. */
  async kill(): Promise<void> {
    const pids = await this.processes();
    for (const pid of pids) send(pid, 'SIGKILL');
    await eventually(async () => {
      if ((await findPostmaster(this.cluster)) !== undefined) throw new Error('PostgreSQL is still there');
    });
  }

  /** Stops all its processes where they are; what clients send is taken by the kernel, and not answered. */
  async freeze(): Promise<void> {
    const pids = await this.processes();
    for (const pid of pids) send(pid, 'SIGSTOP');
    // Those that were begun meanwhile.
    for (const pid of await this.processes()) if (!pids.includes(pid)) send(pid, 'SIGSTOP');
  }

  async thaw(): Promise<void> {
    for (const pid of await this.processes()) send(pid, 'SIGCONT');
  }

  /** Ends it and deletes everything. */
  async remove(): Promise<void> {
    await this.thaw();
    await this.stop();
    await removeCluster(this.directory, this.cluster);
    await rm(this.directory, { recursive: true, force: true });
  }

  private async startUntil(check: () => Promise<void>): Promise<void> {
    const started = await startPostmaster(this.cluster, this.port, this.settings);
    await eventually(async () => {
      const failure = started.failure();
      if (failure !== undefined) throw new Error(`PostgreSQL has not started: ${failure}`);
      await check();
    }, 60_000);
  }

  private async ask(sql: string): Promise<void> {
    const client = new Client({ connectionString: this.url('postgres') });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  /** The postmaster first: it begins no other while the rest are gone through, at once and not in turns of the loop. */
  private async processes(): Promise<number[]> {
    const postmaster: Postmaster | undefined = await findPostmaster(this.cluster);
    if (postmaster === undefined) return [];
    const children = readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === postmaster.pid)
      .map(Number);
    return [postmaster.pid, ...children];
  }
}

/** A program that stands for `postgres` and starts it with these variables. */
async function wrap(
  directory: string,
  { binaries, directory: reachable }: Cluster,
  variables: Record<string, string>,
): Promise<string> {
  await chmod(directory, 0o711);
  const program = join(reachable, 'postgres-with-preload');
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  await writeFile(program, ['#!/bin/sh', ...exports, `exec '${binaries.postgres}' "$@"`, ''].join('\n'));
  await chmod(program, 0o755);
  return program;
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold anything; the state and the parent follow it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    // It has ended meanwhile.
    return NaN;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
