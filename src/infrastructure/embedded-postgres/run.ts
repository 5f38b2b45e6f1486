import { spawn, type SpawnOptions } from 'node:child_process';
import type { Account } from './account.js';

export interface Outcome {
  /** Exit status; null when the program was ended by a signal or never ran. */
  status: number | null;
  output: string;
}

/** How PostgreSQL's programs are started: under the account, in its language and nobody's settings. */
export function spawnOptions(account: Account | undefined, cwd: string): SpawnOptions {
  return {
    cwd,
    windowsHide: true,
    // Nothing of the caller's environment: PGPORT, PGOPTIONS and their like would change what we start, and
    // a translated message could not be recognised.
    ...(process.platform === 'win32' ? {} : { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } }),
    ...account,
  };
}

/** Runs a program to its end. Never throws: a program that cannot be started has no status. */
export async function run(
  program: string,
  args: string[],
  options: { account: Account | undefined; cwd: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const fail = (error: unknown): void => {
      resolve({ status: null, output: error instanceof Error ? error.message : String(error) });
    };
    try {
      const child = spawn(program, args, {
        ...spawnOptions(options.account, options.cwd),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      const collect = (chunk: Buffer): void => {
        output += chunk.toString();
      };
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      child.on('error', fail);
      child.on('close', (status) => {
        resolve({ status, output });
      });
    } catch (error) {
      fail(error);
    }
  });
}

/** What a PostgreSQL program says went wrong, in one line. */
export function reasonIn(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const failures = lines.filter((line) => /\b(FATAL|PANIC|error):/i.test(line));
  const line =
    failures.find((candidate) => /\b(FATAL|PANIC):/.test(candidate)) ?? failures.at(-1) ?? lines.at(-1);
  return line?.replace(/^.*?\b(FATAL|PANIC|error):\s*/i, '') ?? 'it ended without a word';
}
