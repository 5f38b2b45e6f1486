import { readFileSync } from 'node:fs';

export const NO_DESCRIPTORS_LEFT =
  'There are no file descriptors left: raise the limit of open files (ulimit -n, LimitNOFILE in systemd).';

/** With so many, everything can be loaded: modules that others import are read at the same time. */
const ENOUGH = 1024;

/** What Node says of a package whose files it could not open. */
const TAKEN_FOR_MISSING = ['ERR_MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_DIR_IMPORT'];

/** Whether something has failed because the process has as many files open as it may. */
export function hasNoDescriptorsLeft(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (code === 'EMFILE' || code === 'ENFILE') return true;
  return typeof code === 'string' && TAKEN_FOR_MISSING.includes(code) && limit() < ENOUGH;
}

/** Infinity where it is not known: only Linux tells it in this place. */
function limit(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? Infinity : Number(soft);
  } catch (error) {
    return (error as { code?: unknown }).code === 'EMFILE' ? 0 : Infinity;
  }
}
