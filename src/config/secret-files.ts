import { readFileSync, statSync } from 'node:fs';
import type { Variable } from './variable.js';

type Source = Record<string, string | undefined>;

/** Bytes of a file that holds one secret. */
const MAX_BYTES = 64 * 1024;

/** What stands after the name of a variable that names the file of a secret instead of being it. */
export const FILE_SUFFIX = '_FILE';

/** The environment with the secrets that were named by files, and what is wrong with those files. */
export interface ReadSource {
  source: Source;
  /** A sentence each, by the variable that has no value for it. No sentence holds a path, which may be a secret. */
  problems: Map<string, string>;
}

/**
 * Reads `NAME_FILE` for each variable that holds a secret, as Docker, Kubernetes and systemd hand secrets over. White
 * space around it, such as the line's end, is not part of it.
 *
 * @param warn told of files that everybody on the machine may read
 */
export function readSecretFiles(
  given: Source,
  variables: Readonly<Record<string, Variable<unknown>>>,
  warn: (message: string) => void,
): ReadSource {
  const source = { ...given };
  const problems = new Map<string, string>();
  for (const [name, { isSecret }] of Object.entries(variables)) {
    const path = given[name + FILE_SUFFIX]?.trim();
    if (isSecret !== true || path === undefined || path === '') continue;
    try {
      if ((given[name] ?? '').trim() !== '') throw new Error(`must not be set beside ${name}`);
      source[name] = readSecret(path);
      if (isReadableByAll(path)) {
        warn(
          `Everybody on this machine may read the file of ${name}${FILE_SUFFIX}: chmod o-r would keep it to you.`,
        );
      }
    } catch (error) {
      problems.set(name, `${name}${FILE_SUFFIX} ${(error as Error).message}`);
    }
  }
  return { source, problems };
}

function readSecret(path: string): string {
  let bytes: Buffer;
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) throw new Error('is too large');
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(whyNot(error as NodeJS.ErrnoException), { cause: error });
  }
  const text = bytes.toString('utf8').trim();
  if (text === '') throw new Error('names a file that is empty');
  return text;
}

function whyNot({ code }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'names a file that is not there';
    case 'EACCES':
    case 'EPERM':
      return 'names a file that this user may not read';
    case 'EISDIR':
      return 'names a directory';
    default:
      return code === undefined
        ? `names a file of more than ${MAX_BYTES / 1024} KiB`
        : `names a file that cannot be read (${code})`;
  }
}

/** Modes say nothing on Windows. */
function isReadableByAll(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & 0o004) !== 0;
}
