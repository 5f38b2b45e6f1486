import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unprivilegedAccount } from '../../dist/src/infrastructure/embedded-postgres/account.js';
import { freePort } from '../../dist/src/infrastructure/embedded-postgres/postmaster.js';
import { withClient } from './postgres.mjs';

/**
 * A PgBouncer in transaction mode before a database; undefined when there is no `pgbouncer` on the path.
 *
 * @param {string} databaseUrl
 * @returns {Promise<{ url: string, version: string, stop: () => Promise<void> } | undefined>}
 */
export async function startPgBouncer(databaseUrl) {
  const version = /PgBouncer (\S+)/.exec(String(spawnSync('pgbouncer', ['--version']).stdout))?.[1];
  if (version === undefined) return undefined;
  const { hostname, port: serverPort, username, password } = new URL(databaseUrl);
  const directory = mkdtempSync(join(tmpdir(), 'upblit-pgbouncer-'));
  const port = await freePort();
  const users = join(directory, 'users');
  writeFileSync(users, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`);
  const configuration = join(directory, 'pgbouncer.ini');
  writeFileSync(
    configuration,
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
`,
  );
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? await unprivilegedAccount() : undefined;
  if (account !== undefined) {
    chmodSync(directory, 0o711);
    for (const path of [users, configuration]) chownSync(path, account.uid, account.gid);
  }
  const server = spawn('pgbouncer', ['--quiet', configuration], { stdio: 'ignore', ...account });
  const ended = once(server, 'exit');
  const url = new URL(databaseUrl);
  url.port = String(port);
  while (!(await answers(url.href))) {
    if (server.exitCode !== null) throw new Error('pgbouncer has ended');
  }
  return {
    url: url.href,
    version,
    stop: async () => {
      server.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

async function answers(url) {
  return withClient(url, (client) => client.query('SELECT')).then(
    () => true,
    () => false,
  );
}
