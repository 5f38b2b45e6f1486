import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { open, readFile, readlink, rm, stat } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isRoot } from './account.js';
import type { Cluster } from './cluster.js';
import { codeOf } from './error.js';
import { commandLine, isAlive } from './processes.js';
import { reasonIn, run, spawnOptions } from './run.js';

/** A running server, as its `postmaster.pid` tells. */
export interface Postmaster {
  pid: number;
  port: number;
  /** Whether it takes connections; otherwise it is starting or stopping. */
  isReady: boolean;
}

export interface StartedServer {
  /** Why it ended; undefined while it runs. */
  failure(): string | undefined;
}

/** The log is begun anew at the start after it has grown over this, in bytes. */
const LOG_LIMIT = 10 * 1024 * 1024;

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Neither statements nor rows: a log must not repeat what the tables guard.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  jit: 'off',
};

/**
 * The server that runs on this cluster, if any. A `postmaster.pid` whose process id belongs to something else
 * by now is removed, because PostgreSQL would take that for a running server and refuse to start.
 */
export async function findPostmaster(cluster: Cluster): Promise<Postmaster | undefined> {
  const found = await readPidFile(cluster);
  if (found === undefined || !isAlive(found.pid)) return undefined;
  if (await isServerOf(cluster, found.pid)) return found;
  // Read once more: between the two looks another start may have put its own in place.
  if ((await readPidFile(cluster))?.pid === found.pid) await rm(pidFileOf(cluster), { force: true });
  return undefined;
}

async function readPidFile(cluster: Cluster): Promise<Postmaster | undefined> {
  const lines = (await readFile(pidFileOf(cluster), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return { pid, port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' };
}

function pidFileOf(cluster: Cluster): string {
  return join(cluster.data, 'postmaster.pid');
}

async function isServerOf(cluster: Cluster, pid: number): Promise<boolean> {
  if (process.platform === 'win32') return true;
  const { account, data } = cluster;
  const uid = await stat(`/proc/${pid}`).then(
    (process) => process.uid,
    () => undefined,
  );
  // As root we are about to signal it: what the account wrote in its file must not point us at others.
  if (account !== undefined && uid !== undefined && uid !== account.uid) return false;
  // A server works in its data directory. This holds, too, when that was moved meanwhile.
  const directory = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  if (directory !== undefined) return directory === data;
  return (await commandLine(pid))?.includes(`-D ${data} `) ?? true;
}

/**
 * Starts a server in a session of its own, so that Ctrl-C in the terminal does not reach it: it has to
 * outlive the requests that are still being answered.
 */
export async function startPostmaster(
  cluster: Cluster,
  port: number,
  settings: Record<string, string>,
): Promise<StartedServer> {
  const size = await stat(cluster.logFile).then(
    (found) => found.size,
    () => 0,
  );
  const log = await open(cluster.logFile, size > LOG_LIMIT ? 'w' : 'a', 0o600);
  try {
    if (isRoot()) {
      // An ordinary user's own cluster, started by root for once, has to work for that user again.
      const { uid, gid } = await stat(cluster.directory);
      await log.chown(uid, gid);
    }
    const offset = (await log.stat()).size;
    const child = spawn(
      cluster.binaries.postgres,
      [
        ...['-D', cluster.data, '-p', String(port)],
        ...Object.entries({ ...SETTINGS, ...settings }).flatMap(([name, value]) => [
          '-c',
          `${name}=${value}`,
        ]),
      ],
      {
        ...spawnOptions(cluster.account, cluster.directory),
        stdio: ['ignore', log.fd, log.fd],
        detached: true,
      },
    );
    child.unref();
    let failure: string | undefined;
    child.on('error', (error) => {
      failure = error.message;
    });
    child.on('exit', () => {
      failure ??= reasonIn(logSince(cluster, offset));
    });
    return { failure: () => failure };
  } finally {
    await log.close();
  }
}

function logSince(cluster: Cluster, offset: number): string {
  try {
    return readFileSync(cluster.logFile).subarray(offset).toString();
  } catch {
    // Somebody removes the data directory under the running server.
    return '';
  }
}

/** Asks the server to end the sessions it has and then itself; waits until it has. */
export async function stopPostmaster(cluster: Cluster, postmaster: Postmaster): Promise<void> {
  if (process.platform === 'win32') {
    // Windows has no signals: Node's would kill the server.
    await run(cluster.binaries.pgCtl, ['stop', '-D', cluster.data, '-m', 'fast'], {
      account: undefined,
      cwd: '/',
    });
    return;
  }
  // The server's own names for these: fast shutdown, immediate shutdown.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (await isGone(cluster, postmaster)) return;
    send(postmaster.pid, signal);
    const deadline = performance.now() + 15_000;
    while (performance.now() < deadline) {
      if (await isGone(cluster, postmaster)) return;
      await delay(10);
    }
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It ended by itself a moment ago.
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/** A server removes its file as it ends; its process may stay as a zombie where nobody waits for it. */
async function isGone(cluster: Cluster, { pid }: Postmaster): Promise<boolean> {
  return (await findPostmaster(cluster))?.pid !== pid;
}

/** A port of this machine that nothing listens on. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
