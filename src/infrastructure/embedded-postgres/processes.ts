import { readFile } from 'node:fs/promises';
import { codeOf } from './error.js';
import { run } from './run.js';

/** Whether a process with this id exists, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** The command line of a process, its words separated by blanks; undefined when it cannot be known. */
export async function commandLine(pid: number): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
  } catch {
    const { status, output } = await run('/bin/ps', ['-o', 'args=', '-p', String(pid)], {
      account: undefined,
      cwd: '/',
    });
    return status === 0 ? output.trim() : undefined;
  }
}
