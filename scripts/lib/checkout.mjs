import { fileURLToPath } from 'node:url';

/** The top directory of this checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Of `npm run migrate`, whichever script answers. */
export const MIGRATE_USAGE = 'Usage: npm run migrate [-- run | revert [--yes]]';

/** One line of progress; stdout is left to what was asked for. */
export function say(message) {
  process.stderr.write(`${message}\n`);
}

/** Says how a script is called when that is what it was asked, and ends it: that is no mistake. */
export function answerHelp(usage) {
  if (!process.argv.slice(2).some((option) => ['--help', '-h'].includes(option))) return;
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

/** Ends the process with one message. */
export function fail(message, code = 1) {
  say(message);
  process.exit(code);
}

/** What an error says; that of a refused connection may say nothing but its code. */
export function messageOf(error) {
  return error.message || error.errors?.[0]?.message || error.code || String(error);
}
