import { fileURLToPath } from 'node:url';

/** The top directory of this checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** One line of progress; stdout is left to what was asked for. */
export function say(message) {
  process.stderr.write(`${message}\n`);
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
