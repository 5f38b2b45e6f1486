import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { KeyFormat } from '../../modules/api-keys/index.js';
import { KeySearch } from './key-search.js';
import type { ScanReport } from './scan-report.js';

/**
 * A repository that was cloned from somebody may configure programs that Git runs. None of these is: no hook, no filter,
 * no pager, no signature is looked at, and what is missing in a partial clone is fetched from nowhere.
 */
const ON_ITS_OWN = [
  '--no-pager',
  '--no-optional-locks',
  '--no-replace-objects',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'protocol.allow=never',
];
const LOG = [
  'log',
  '--all',
  '--reflog',
  '--topo-order',
  '--reverse',
  '--no-show-signature',
  '--no-ext-diff',
  '--no-textconv',
  '--no-relative',
  '--encoding=UTF-8',
];

/** Begins the line of a commit: no path and no line of `--raw` begins so. */
const COMMIT = 'commit ';
/** The file of a submodule is a commit elsewhere. */
const SUBMODULE = '160000';
const MAX_ERROR = 2000;

/** A version of a file, and the commit that has brought it. */
interface Version {
  blob: string;
  file: string;
  commit: string;
}

/**
 * Looks at every version of every file that a commit of any branch, tag, stash or reflog has brought, once, and at the
 * messages of the commits. Git reads the history; it is streamed from one process of Git to another.
 */
export async function scanHistory(directory: string, format: KeyFormat, report: ScanReport): Promise<void> {
  const log = git(directory, [
    ...LOG,
    '-z',
    '--raw',
    '--no-abbrev',
    '--no-renames',
    '--root',
    '--diff-merges=first-parent',
    `--format=%x00${COMMIT}%H`,
  ]);
  const objects = git(directory, ['cat-file', '--batch', '--buffer']);
  const asked: Version[] = [];
  await Promise.all([ask(log, objects, asked), readVersions(objects, asked, format, report)]);
  await scanMessages(directory, format, report);
}

type Git = ChildProcessByStdio<Writable, Readable, Readable>;

function git(directory: string, args: string[]): { process: Git; ended: Promise<void> } {
  const child = spawn('git', ['-C', directory, ...ON_ITS_OWN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, MAX_ERROR);
  });
  // Git may end before it has read all that it is asked; its exit code says why.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(([code]) => {
    if (code !== 0) throw new GitError(complaint.trim() || `git ${args[0]} ended with ${String(code)}`);
  });
  // It is awaited where its output ends.
  ended.catch(() => undefined);
  return { process: child, ended };
}

/** What Git complains of. */
export class GitError extends Error {}

/** Asks for each version once, in the order of the commits, and remembers what was asked. */
async function ask(
  log: ReturnType<typeof git>,
  { process: objects, ended }: ReturnType<typeof git>,
  asked: Version[],
): Promise<void> {
  const gone = ended.catch(() => undefined);
  log.process.stdin.end();
  // Twenty bytes each: there may be millions.
  const seen = new Set<string>();
  let commit = '';
  let blob: string | undefined;
  try {
    for await (const field of fieldsOf(log.process.stdout)) {
      const text = field.trimStart();
      if (blob !== undefined) {
        const name = Buffer.from(blob, 'hex').toString('latin1');
        if (!seen.has(name)) {
          seen.add(name);
          asked.push({ blob, file: field, commit });
          if (!objects.stdin.write(`${blob}\n`)) await Promise.race([once(objects.stdin, 'drain'), gone]);
        }
        blob = undefined;
      } else if (text.startsWith(COMMIT)) {
        commit = text.slice(COMMIT.length).trim();
      } else if (text.startsWith(':')) {
        const [, mode = '', , after = '', status = ''] = text.split(' ');
        // What is deleted was looked at when it came. Its path follows all the same.
        blob = after;
        if (mode === SUBMODULE || status.startsWith('D'))
          seen.add(Buffer.from(after, 'hex').toString('latin1'));
      }
    }
    await log.ended;
  } finally {
    objects.stdin.end();
  }
}

/** What stands between zero bytes. */
async function* fieldsOf(output: Readable): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of output as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(0); end !== -1; end = chunk.indexOf(0, start)) {
      rest.push(chunk.subarray(start, end));
      yield Buffer.concat(rest).toString();
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString();
}

/** Reads what `cat-file --batch` answers: a line with name, type and size of an object, its content, and a line break. */
async function readVersions(
  { process: objects, ended }: ReturnType<typeof git>,
  asked: Version[],
  format: KeyFormat,
  report: ScanReport,
): Promise<void> {
  let head = '';
  let left = -1;
  let size = 0;
  let version: Version | undefined;
  let search = new KeySearch(format);
  for await (const chunk of objects.stdout as AsyncIterable<Buffer>) {
    let at = 0;
    while (at < chunk.length) {
      if (left < 0) {
        const end = chunk.indexOf(10, at);
        head += chunk.toString('latin1', at, end === -1 ? undefined : end);
        if (end === -1) break;
        at = end + 1;
        version = asked.shift();
        const [, type, bytes] = head.split(' ');
        head = '';
        if (bytes === undefined) {
          report.failed(`${version?.file} (${version?.commit})`, `it is ${type ?? 'missing'}`);
          continue;
        }
        size = Number(bytes);
        left = size;
        search = new KeySearch(format);
      }
      const content = chunk.subarray(at, at + left);
      at += content.length;
      left -= content.length;
      if (content.length > 0 && !search.isCut()) {
        for (const { key, line } of search.push(content)) {
          await report.found(key, { file: version?.file ?? '', line, commit: version?.commit ?? '' });
        }
        if (search.isCut()) report.cut(`${version?.file} (${version?.commit})`);
      }
      // The line break after it may come with the next chunk.
      if (left === 0 && at < chunk.length) {
        at += 1;
        left = -1;
        report.looked(size);
      }
    }
  }
  await ended;
}

async function scanMessages(directory: string, format: KeyFormat, report: ScanReport): Promise<void> {
  const log = git(directory, [...LOG, '-z', '--format=%H%n%B']);
  log.process.stdin.end();
  for await (const message of fieldsOf(log.process.stdout)) {
    const [commit = ''] = message.split('\n', 1);
    const text = Buffer.from(message.slice(commit.length + 1));
    for (const { key, line } of new KeySearch(format).push(text)) {
      await report.found(key, { file: 'the message of the commit', line, commit });
    }
    report.looked(text.length);
  }
  await log.ended;
}
