import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import type { Account } from '../../../src/infrastructure/embedded-postgres/account.js';

export interface ProgramOptions {
  command: string;
  args: string[];
  directory: string;
  /** Gets everything that the program writes. */
  logFile: string;
  /** Whom it runs as; PostgreSQL refuses to be root. */
  account: Account | undefined;
}

/** Starts a program of the operating system's packages. Throws when it is not installed. */
export async function startProgram(options: ProgramOptions): Promise<void> {
  const { command, args, directory, logFile, account } = options;
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, {
    cwd: directory,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory, LANG: 'C.UTF-8' },
    stdio: ['ignore', log, log],
    // Of a session of its own: Ctrl-C is for whoever runs the test, who then stops the cluster.
    detached: true,
    ...account,
  });
  closeSync(log);
  await once(child, 'spawn');
}

/** The processes that work in a directory or below it; whatever a program starts does so where it works itself. */
export function processesIn(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const at = workingDirectory(name);
      return at === directory || at.startsWith(`${directory}/`);
    })
    .map(Number);
}

/** Sends them a signal, and again to those that they have started meanwhile, until there are no others. */
export function signalAllIn(directory: string, name: 'SIGSTOP' | 'SIGKILL' | 'SIGCONT'): void {
  const told = new Set<number>();
  for (;;) {
    const untold = processesIn(directory).filter((pid) => !told.has(pid));
    if (untold.length === 0) return;
    for (const pid of untold) {
      told.add(pid);
      signal(pid, name);
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Empty for those that have ended. */
function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
