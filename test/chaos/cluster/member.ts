import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Account } from '../../../src/infrastructure/embedded-postgres/account.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { freePort } from './free-port.js';
import { processesIn, signalAllIn, startProgram } from './program.js';
import { patroniSettings, SUPERUSER, type MemberSettings } from './settings.js';

/** Long enough for a Patroni that answers at all. */
const REST_PATIENCE_MS = 1000;
/** The same for PostgreSQL, which is busy at times. */
const CONNECT_PATIENCE_MS = 5000;
const QUERY_PATIENCE_MS = 30_000;
/** Lines of a log that explain a failure. */
const LAST_WORDS = 15;

interface Links {
  /** From the other members to this PostgreSQL: replication. */
  replication: TcpProxy;
  /** From the router to this PostgreSQL. */
  clients: TcpProxy;
  /** From the router and the other members to this Patroni. */
  rest: TcpProxy;
  /** From this Patroni to etcd. */
  etcd: TcpProxy;
}

export interface MemberOptions {
  name: string;
  /** An empty one of its own. */
  directory: string;
  password: string;
  etcdPort: number;
  account: Account | undefined;
}

/** One machine of the cluster: Patroni, the PostgreSQL that it runs, and the network between it and the others. */
export class Member {
  private constructor(
    readonly settings: MemberSettings,
    private readonly directory: string,
    private readonly account: Account | undefined,
    private readonly links: Links,
  ) {}

  static async create({ name, directory, password, etcdPort, account }: MemberOptions): Promise<Member> {
    const [postgres, rest] = [await freePort(), await freePort()];
    const to = (port: number): Promise<TcpProxy> => TcpProxy.start({ host: '127.0.0.1', port }, 'any');
    const links = {
      replication: await to(postgres),
      clients: await to(postgres),
      rest: await to(rest),
      etcd: await to(etcdPort),
    };
    const settings = {
      name,
      password,
      dataDirectory: join(directory, 'data'),
      passwordFile: join(directory, 'pgpass'),
      socketDirectory: directory,
      ports: {
        postgres,
        rest,
        replication: links.replication.port,
        clients: links.clients.port,
        restForOthers: links.rest.port,
        etcd: links.etcd.port,
      },
    };
    await mkdir(directory, { mode: 0o700 });
    await writeFile(join(directory, 'patroni.yml'), patroniSettings(settings));
    if (account)
      for (const path of [directory, join(directory, 'patroni.yml')])
        await chown(path, account.uid, account.gid);
    await chmod(join(directory, 'patroni.yml'), 0o600);
    return new Member(settings, directory, account, links);
  }

  get name(): string {
    return this.settings.name;
  }

  async start(): Promise<void> {
    await startProgram({
      command: 'patroni',
      args: [join(this.directory, 'patroni.yml')],
      directory: this.directory,
      logFile: join(this.directory, 'patroni.log'),
      account: this.account,
    });
  }

  /** The end of what Patroni has written, for people. */
  async lastWords(): Promise<string> {
    const log = await readFile(join(this.directory, 'patroni.log'), 'utf8').catch(() => '');
    return `${this.name}:\n${log.split('\n').slice(-LAST_WORDS).join('\n')}`;
  }

  /** Past the links: for whoever tests, whatever has been done to the network. */
  connection(): Client {
    const { password, ports } = this.settings;
    const client = new Client({
      host: '127.0.0.1',
      port: ports.postgres,
      user: SUPERUSER,
      password,
      database: 'postgres',
      application_name: 'chaos',
      connectionTimeoutMillis: CONNECT_PATIENCE_MS,
      query_timeout: QUERY_PATIENCE_MS,
    });
    client.on('error', () => undefined);
    return client;
  }

  /** Asks PostgreSQL itself; throws when it does not answer. */
  async query<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    const client = this.connection();
    try {
      await client.connect();
      return (await client.query<T>(sql, values)).rows;
    } finally {
      // Not awaited: one that is frozen says no farewell.
      void client.end().catch(() => undefined);
    }
  }

  /** Asks Patroni itself; throws when it does not answer. */
  async rest(path: string, init: RequestInit = {}): Promise<Response> {
    const url = `http://127.0.0.1:${this.settings.ports.rest}${path}`;
    return fetch(url, { signal: AbortSignal.timeout(REST_PATIENCE_MS), ...init });
  }

  /** Every process of it stands still, and every connection stays open. */
  freeze(): Promise<void> {
    signalAllIn(this.directory, 'SIGSTOP');
    return Promise.resolve();
  }

  thaw(): void {
    signalAllIn(this.directory, 'SIGCONT');
  }

  /** As a power cut: all at once, nothing said to anybody. */
  async kill(): Promise<void> {
    signalAllIn(this.directory, 'SIGKILL');
    while (processesIn(this.directory).length > 0) await sleep(10);
  }

  /** Nothing gets through between it and the other members, etcd among them; its clients still reach it. */
  async cutOff(): Promise<void> {
    await Promise.all([this.links.etcd.blackHole(), this.links.replication.blackHole()]);
  }

  /** Nothing gets through between it and anybody. */
  async isolate(): Promise<void> {
    await this.cutOff();
    await Promise.all([this.links.clients.blackHole(), this.links.rest.blackHole()]);
  }

  /** Nothing more is replicated from it. */
  stopReplication(): Promise<void> {
    return this.links.replication.blackHole();
  }

  /** The router's new connections to this member get to that one; connections that there are stay. */
  leadClientsTo(member: Member): void {
    this.links.clients.redirect({ host: '127.0.0.1', port: member.settings.ports.postgres });
  }

  async reconnect(): Promise<void> {
    await Promise.all(Object.values(this.links).map((link: TcpProxy) => link.restore()));
  }

  /** Ends it; a PostgreSQL that is healthy would wait for its standbys, and nothing of it is kept. */
  async stop(): Promise<void> {
    await this.kill();
    await Promise.all(Object.values(this.links).map((link: TcpProxy) => link.stop()));
  }
}
