import type { DestinationStream } from 'pino';
import { printable, printableLines } from './printable.js';

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: '\u001b[33mwarn\u001b[0m',
  50: '\u001b[31merror\u001b[0m',
  60: '\u001b[31mfatal\u001b[0m',
};

/** What stands in every line, or is said by the rest of it. */
const LEFT_OUT = new Set(['level', 'time', 'pid', 'msg', 'err', 'reqId', 'context']);

/** Writes pino's JSON as lines a person can read: the time of day, the level, the message, its fields. */
export function prettyLines(out: { write(text: string): unknown }): DestinationStream {
  return {
    write: (line) => {
      out.write(toLine(JSON.parse(line) as Record<string, unknown>));
    },
  };
}

function toLine(entry: Record<string, unknown>): string {
  const time = printable(String(entry.time).slice(11, 19));
  const level = LEVELS[Number(entry.level)] ?? '';
  const fields = Object.entries(entry)
    .filter(([name]) => !LEFT_OUT.has(name))
    .map(([name, value]) =>
      printable(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
    );
  const stack = (entry.err as { stack?: string } | undefined)?.stack;
  const text = [time, level, typeof entry.msg === 'string' ? printable(entry.msg) : '', ...fields].join('  ');
  return `\u001b[2m${text}\u001b[0m\n${stack === undefined ? '' : `${printableLines(stack)}\n`}`;
}
