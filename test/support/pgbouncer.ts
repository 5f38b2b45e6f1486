import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { unprivilegedAccount } from '../../src/infrastructure/embedded-postgres/account.js';
import { freePort } from '../../src/infrastructure/embedded-postgres/postmaster.js';
import { SERVING_ROLE } from './database.js';
import { eventually } from './eventually.js';

/** A PgBouncer before one PostgreSQL, for whatever databases it has. */
export class PgBouncer {
  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly process: ChildProcess,
  ) {}

  /**
   * @param url of a database of the server behind it, whose user it logs in as
   * @param settings of its configuration that differ from the defaults of PgBouncer and of a test
   */
  static async before(url: string, settings: Record<string, string> = {}): Promise<PgBouncer> {
    const { hostname, port: serverPort, username, password } = new URL(url);
    const directory = await mkdtemp(join(tmpdir(), 'upblit-pgbouncer-'));
    const port = await freePort();
    const users = join(directory, 'users');
    const logins = [
      { name: decodeURIComponent(username), password: decodeURIComponent(password) },
      SERVING_ROLE,
    ];
    await writeFile(users, logins.map((login) => `"${login.name}" "${login.password}"\n`).join(''));
    const configuration = join(directory, 'pgbouncer.ini');
    const lines = Object.entries({
      listen_addr: '127.0.0.1',
      listen_port: String(port),
      unix_socket_dir: '',
      auth_type: 'scram-sha-256',
      auth_file: users,
      admin_users: decodeURIComponent(username),
      pool_mode: 'transaction',
      max_client_conn: '1000',
      ...settings,
    }).map(([name, value]) => `${name} = ${value}`);
    await writeFile(
      configuration,
      `[databases]\n* = host=${hostname} port=${serverPort}\n[pgbouncer]\n${lines.join('\n')}\n`,
    );
    // It refuses to run as root.
    const account = process.getuid?.() === 0 ? await unprivilegedAccount() : undefined;
    if (account !== undefined) {
      await chmod(directory, 0o711);
      for (const file of [users, configuration]) await chown(file, account.uid, account.gid);
    }
    const child = spawn('pgbouncer', ['--quiet', configuration], { stdio: 'ignore', ...account });
    const pgbouncer = new PgBouncer(port, directory, child);
    try {
      await Promise.race([pgbouncer.isUp(url), failureOf(child)]);
    } catch (error) {
      await pgbouncer.stop();
      throw error;
    }
    return pgbouncer;
  }

  /** The same database through it. */
  urlOf(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.port);
    return through.href;
  }

  /** Runs a command of its console, such as `SHOW POOLS` or `PAUSE`. */
  async command(url: string, command: string): Promise<Record<string, unknown>[]> {
    const console = new URL(this.urlOf(url));
    console.pathname = '/pgbouncer';
    const client = new Client({ connectionString: console.href });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(command)).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    if (
      this.process.exitCode === null &&
      this.process.signalCode === null &&
      this.process.pid !== undefined
    ) {
      const ended = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await ended;
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  private isUp(url: string): Promise<void> {
    return eventually(async () => {
      await this.command(url, 'SHOW VERSION');
    });
  }
}

async function failureOf(child: ChildProcess): Promise<never> {
  // A binary that is not there is an `error`, which rejects.
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`pgbouncer has ended with code ${code}`);
}
