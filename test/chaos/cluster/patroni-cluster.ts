import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unprivilegedAccount, type Account } from '../../../src/infrastructure/embedded-postgres/account.js';
import { migrate } from '../../../src/infrastructure/database/migrate.js';
import type { DatabaseUnderTest } from '../database-under-test.js';
import { clusterFaults } from './faults.js';
import { freePort } from './free-port.js';
import { Member } from './member.js';
import { processesIn, signalAllIn, startProgram } from './program.js';
import { haproxySettings, SUPERUSER } from './settings.js';
import { WriteProbe } from './write-probe.js';
import { insertServiceKey } from '../../support/service-key.js';

const MEMBERS = ['m1', 'm2', 'm3'];
/** initdb, two base backups and three elections on a machine that is busy with other things. */
const PATIENCE_MS = 180_000;
const POLL_MS = 100;

interface PatroniView {
  members: { name: string; role: string; state: string; timeline?: number; lag?: number | string }[];
}

/**
 * Three members of PostgreSQL 15 under Patroni with a strict synchronous mode, one etcd, and HAProxy in front of
 * them, all of Debian's packages (patroni, etcd-server, haproxy, postgresql-15), on free ports of 127.0.0.1 and in a
 * directory of their own. One etcd is enough: what it does when it loses a member is not what is tried here.
 */
export async function startPatroniCluster(): Promise<PatroniCluster> {
  const account = await unprivilegedAccount();
  const directory = await mkdtemp(join(tmpdir(), 'upblit-cluster-'));
  if (account) await chown(directory, account.uid, account.gid);
  const cluster = new PatroniCluster(directory, account);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export class PatroniCluster implements DatabaseUnderTest {
  readonly faults = clusterFaults(this);
  readonly members: Member[] = [];
  private readonly password = randomBytes(16).toString('hex');
  private routerPort = 0;
  private probe: WriteProbe | undefined;
  private readonly killAll = (): void => {
    signalAllIn(this.directory, 'SIGKILL');
  };

  constructor(
    private readonly directory: string,
    private readonly account: Account | undefined,
  ) {}

  get url(): string {
    return this.routedTo('upblit');
  }

  async start(): Promise<void> {
    // PostgreSQL outlives whoever has started it, and nobody would stop it when the test crashes.
    process.once('exit', this.killAll);
    const etcdPort = await this.startEtcd();
    for (const name of MEMBERS) {
      const directory = join(this.directory, name);
      const { password, account } = this;
      this.members.push(await Member.create({ name, directory, password, etcdPort, account }));
    }
    this.probe = new WriteProbe(this.members);
    // The first bootstraps the cluster, the others copy it.
    for (const member of this.members) await member.start();
    await this.startRouter();
    await this.untilHealthy();
    await (await this.leader()).query('CREATE DATABASE upblit');
    await migrate(this.url);
    await insertServiceKey(this.url);
  }

  isWritable(): Promise<boolean> {
    return this.probe?.isWritable() ?? Promise.resolve(false);
  }

  /** Who leads, as the members know it; throws when none of them knows. */
  async leader(): Promise<Member> {
    const view = await this.view();
    const name = view.members.find(({ role }) => role === 'leader')?.name;
    const leader = this.members.find((member) => member.name === name);
    if (leader === undefined) throw new Error(`There is no leader: ${JSON.stringify(view)}`);
    return leader;
  }

  /** Whose commits count: the synchronous standby, and the other one. */
  async standbys(): Promise<{ synchronous: Member; other: Member }> {
    const { members } = await this.view();
    const named = (...roles: string[]): Member => {
      const name = members.find(({ role }) => roles.includes(role))?.name;
      const member = this.members.find((each) => each.name === name);
      if (member === undefined)
        throw new Error(`There is no ${roles.join(' or ')}: ${JSON.stringify(members)}`);
      return member;
    };
    return { synchronous: named('sync_standby'), other: named('replica') };
  }

  /** Hands the lead to the synchronous standby, in order and without a loss. */
  async switchOver(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    let refusal = '';
    while (performance.now() < deadline) {
      const [leader, { synchronous }] = await Promise.all([this.leader(), this.standbys()]);
      const answer = await leader.rest('/switchover', {
        method: 'POST',
        body: JSON.stringify({ leader: leader.name, candidate: synchronous.name }),
        // Patroni answers when it is done.
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      refusal = await answer.text();
      if (answer.ok) return;
      await sleep(POLL_MS);
    }
    throw new Error(`Patroni does not switch over: ${refusal}`);
  }

  /** Resolves when somebody else leads. */
  async untilLedByAnotherThan(member: Member): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    const others = this.members.filter((each) => each !== member);
    while (performance.now() < deadline) {
      const leads = await Promise.all(
        others.map((each) =>
          each.rest('/leader').then(
            ({ ok }) => ok,
            () => false,
          ),
        ),
      );
      if (leads.includes(true)) return;
      await sleep(POLL_MS);
    }
    throw new Error(`Nobody has taken the lead from ${member.name}`);
  }

  /** Resolves when there are a leader, a synchronous standby and another one, and a write commits. */
  async untilHealthy(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    let seen: unknown;
    while (performance.now() < deadline) {
      const view = await this.view().catch((error: unknown) => {
        seen = error;
      });
      if (view !== undefined) {
        seen = view.members;
        const roles = view.members.filter(isWell).map(({ role }) => role);
        const isWhole = ['leader', 'sync_standby', 'replica'].every((role) => roles.includes(role));
        if (isWhole && (await this.isWritable())) return;
      }
      await sleep(POLL_MS);
    }
    const words = await Promise.all(this.members.map((member) => member.lastWords()));
    throw new Error(['The cluster has not become healthy:', JSON.stringify(seen), ...words].join('\n'));
  }

  async stop(): Promise<void> {
    this.probe?.stop();
    for (const member of this.members) await member.stop();
    this.killAll();
    while (processesIn(this.directory).length > 0) await sleep(POLL_MS);
    process.off('exit', this.killAll);
    await rm(this.directory, { recursive: true, force: true });
  }

  private routedTo(database: string): string {
    return `postgresql://${SUPERUSER}:${this.password}@127.0.0.1:${this.routerPort}/${database}`;
  }

  private async view(): Promise<PatroniView> {
    let failure: unknown;
    for (const member of this.members) {
      try {
        const view = (await (await member.rest('/cluster')).json()) as PatroniView;
        if (view.members.length > 0) return view;
      } catch (error) {
        failure = error;
      }
    }
    throw new Error('No member of the cluster answers', { cause: failure });
  }

  private async startEtcd(): Promise<number> {
    const [clients, peers] = [await freePort(), await freePort()];
    const client = `http://127.0.0.1:${clients}`;
    const peer = `http://127.0.0.1:${peers}`;
    const directory = join(this.directory, 'etcd');
    await mkdir(directory, { mode: 0o700 });
    if (this.account) await chown(directory, this.account.uid, this.account.gid);
    await this.run('etcd', directory, [
      ...['--name', 'etcd', '--data-dir', join(directory, 'data')],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `etcd=${peer}`, '--logger', 'zap', '--log-level', 'warn'],
    ]);
    await untilVersionIsDecided(client);
    return clients;
  }

  private async startRouter(): Promise<void> {
    this.routerPort = await freePort();
    const file = join(this.directory, 'haproxy.cfg');
    const members = this.members.map(({ settings }) => settings);
    await writeFile(file, haproxySettings(this.routerPort, members));
    await this.run('haproxy', this.directory, ['-db', '-f', file]);
    await untilListening(this.routerPort);
  }

  private async run(command: string, directory: string, args: string[]): Promise<void> {
    const logFile = join(directory, `${command}.log`);
    await startProgram({ command, args, directory, logFile, account: this.account });
  }
}

function isWell({ role, state }: PatroniView['members'][number]): boolean {
  return role === 'leader' ? state === 'running' : ['running', 'streaming'].includes(state);
}

/** An etcd that has just begun to listen has not agreed on its version yet, and Patroni ends when it reads that. */
async function untilVersionIsDecided(client: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const version = await fetch(`${client}/version`).then(
      async (answer) => ((await answer.json()) as { etcdcluster?: string }).etcdcluster,
      () => undefined,
    );
    if (version !== undefined && version !== 'not_decided') return;
    await sleep(POLL_MS);
  }
  throw new Error(`etcd at ${client} has not agreed on its version`);
}

async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const socket = createConnection(port, '127.0.0.1');
    const listens = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => {
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
    socket.destroy();
    if (listens) return;
    await sleep(POLL_MS);
  }
  throw new Error(`Nothing listens on port ${port}`);
}
