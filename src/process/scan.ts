import { once } from 'node:events';
import { relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { calledFrom, loadKeyPrefixes } from '../config/env.js';
import { parseKeyPrefixes } from '../config/readers.js';
import { describeError } from '../infrastructure/logging/describe-error.js';
import { printable, printableJson } from '../infrastructure/logging/printable.js';
import { KeyFormat, type PlaintextKey } from '../modules/api-keys/index.js';
import { answerHelp } from './answer-help.js';
import { AskedService, readServiceUrl, type KeyState } from './scan/ask-service.js';
import { scanFiles } from './scan/scan-files.js';
import { GitError, scanHistory } from './scan/scan-history.js';
import type { Place, ScanReport } from './scan/scan-report.js';

const USAGE = `Usage: npm run scan -- PATH... [--json] [--ask URL] [--prefix PREFIX,...]
       npm run scan -- git [DIRECTORY] [--json] [--ask URL] [--prefix PREFIX,...]

Looks for API keys of this service in files, or in everything that the history of a Git repository has ever held. It ends
with 0 when there are none, 1 when it has found some, and 2 when it could not look at something.
  --json    one JSON object a line in place of text
  --ask     the address of the service, which is asked whether the keys are good: it is sent each of them
  --prefix  what keys begin with; by default API_KEY_PREFIX and API_KEY_PREVIOUS_PREFIXES
A path of the name git is written ./git.`;

const OPTIONS = {
  json: { type: 'boolean' },
  ask: { type: 'string' },
  prefix: { type: 'string' },
} as const;

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 2000;

/** Keys whose state is remembered; beyond, the same one may be asked for again. */
const MAX_REMEMBERED = 10_000;

/** What was asked for makes no sense. */
class UsageError extends Error {}

const say = (text: string): void => {
  process.stderr.write(`${printable(text)}\n`);
};

/** Prints what is found as it is found, and counts. No key is ever printed whole. */
class Printer implements ScanReport {
  files = 0;
  bytes = 0;
  keys = 0;
  cuts = 0;
  failures = 0;
  live = 0;
  unasked = 0;
  private readonly states = new Map<string, KeyState>();
  private saidAt = Date.now();

  constructor(
    private readonly asJson: boolean,
    private readonly service: AskedService | undefined,
    /** What is printed of a path. */
    private readonly nameOf: (file: string) => string,
  ) {}

  async found(key: PlaintextKey, { file, line, commit }: Place): Promise<void> {
    this.keys += 1;
    const state = await this.stateOf(key);
    if (state === 'active') this.live += 1;
    if (state === 'unasked') this.unasked += 1;
    const { hint } = key;
    const place = { file: this.nameOf(file), line, ...(commit !== undefined && { commit }) };
    const text = this.asJson
      ? printableJson(JSON.stringify({ hint, ...place, ...(state !== undefined && { state }) }))
      : printable(
          [`${place.file}:${line}: ${hint}`, commit && `commit ${commit}`, state].filter(Boolean).join(', '),
        );
    // Waits for whoever reads.
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  }

  looked(bytes: number): void {
    this.files += 1;
    this.bytes += bytes;
    if (Date.now() - this.saidAt < PROGRESS_MS) return;
    this.saidAt = Date.now();
    say(`${this.files} files, ${Math.round(this.bytes / 1024 / 1024)} MiB, ${this.keys} keys …`);
  }

  cut(file: string): void {
    this.cuts += 1;
    say(`${this.nameOf(file)} is too large: the rest of it was not looked at.`);
  }

  failed(what: string, why: string): void {
    this.failures += 1;
    say(`${this.nameOf(what)} cannot be looked at: ${why}.`);
  }

  private async stateOf(key: PlaintextKey): Promise<KeyState | undefined> {
    if (this.service === undefined) return undefined;
    const known = this.states.get(key.reveal());
    if (known !== undefined) return known;
    const state = await this.service.stateOf(key);
    if (this.states.size < MAX_REMEMBERED) this.states.set(key.reveal(), state);
    return state;
  }
}

try {
  answerHelp(process.argv.slice(2), USAGE);
  process.exitCode = await scan(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${USAGE}\n`);
  else if (error instanceof GitError) say(error.message);
  else say(describeError(error).message);
  process.exitCode = 2;
}

async function scan(args: string[]): Promise<number> {
  const { positionals, values } = parse(args);
  const [first, ...others] = positionals;
  if (first === undefined) throw new UsageError('Say where to look.');
  if (first === 'git' && others.length > 1) throw new UsageError('One repository at a time.');
  const format = formatOf(values.prefix);
  const service = values.ask === undefined ? undefined : new AskedService(serviceUrl(values.ask), format);
  // npm changes to the checkout of the service; what is named is meant from where somebody has called it.
  const from = calledFrom();
  const isHistory = first === 'git';
  const nameOf = (file: string): string => (isHistory ? file : nearer(relative(from, file), file));
  const printer = new Printer(values.json === true, service, nameOf);
  if (isHistory) await scanHistory(resolve(from, others[0] ?? '.'), format, printer);
  else for (const path of positionals) await scanFiles(resolve(from, path), format, printer);
  return conclude(printer, service !== undefined);
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** A path from where the command was called, if that leads to it. */
function nearer(near: string, file: string): string {
  return near === '' || near.startsWith('..') ? file : near;
}

function conclude(printer: Printer, wasAsked: boolean): number {
  const { files, bytes, keys, cuts, failures, live, unasked } = printer;
  say(
    `Looked at ${many(files, 'file')}, ${Math.round(bytes / 1024 / 1024)} MiB in all, and found ${many(keys, 'key')}.`,
  );
  if (cuts > 0) say(`The rest of ${many(cuts, 'file')} was left out.`);
  if (failures > 0) say(`${failures} could not be looked at.`);
  if (unasked > 0) {
    say(
      `The service did not say of ${unasked} of them whether they are good: it was not reached, or refused to answer more.`,
    );
  }
  if (keys > 0) {
    say(
      wasAsked
        ? `Good at this moment: ${live}. Revoke them, whatever is deleted here.`
        : 'What was found has the form and the checksum of keys. Whether the service has issued them, by their tags, only it can tell: ask it with --ask.',
    );
    return 1;
  }
  return failures > 0 ? 2 : 0;
}

function parse(args: string[]): {
  positionals: string[];
  values: { json?: boolean; ask?: string; prefix?: string };
} {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function formatOf(named: string | undefined): KeyFormat {
  const [prefix, ...former] =
    named === undefined ? loadKeyPrefixes() : orUsage(() => parseKeyPrefixes(named), '--prefix ');
  return new KeyFormat(prefix, former);
}

function serviceUrl(text: string): URL {
  return orUsage(() => readServiceUrl(text));
}

function orUsage<T>(read: () => T, of = ''): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(of + (error as Error).message, { cause: error });
  }
}
