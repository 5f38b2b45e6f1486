import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/test-app.js';

const ROOT = process.cwd();
/** The walks, and the packages that generate their clients. */
const WALKS = join(ROOT, 'test/clients');
const DESCRIPTION = join(ROOT, 'openapi.json');
const run = promisify(execFile);

/** What writes the client into `generated/` beside a walk. */
const GENERATORS: Record<string, (folder: string) => Promise<unknown>> = {
  'openapi-fetch': (folder) =>
    node(folder, binary('openapi-typescript', 'bin/cli.js'), [DESCRIPTION, '-o', 'generated/api.ts']),
  'hey-api': (folder) =>
    node(folder, binary('@hey-api/openapi-ts', 'bin/run.js'), [
      ...['--input', DESCRIPTION, '--output', 'generated', '--client', '@hey-api/client-fetch'],
      '--no-log-file',
    ]),
};

/** Strict, and with every file of the client looked at. */
const TSCONFIG = {
  compilerOptions: {
    strict: true,
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    module: 'nodenext',
    outDir: 'out',
    rootDir: '.',
  },
  include: ['**/*.ts'],
};

describe('a client that is generated from openapi.json', () => {
  let app: TestApp;
  let scratch: string;

  beforeAll(async () => {
    app = await TestApp.start();
    scratch = await mkdtemp(join(tmpdir(), 'upblit-clients-'));
    await symlink(join(ROOT, 'node_modules'), join(scratch, 'node_modules'));
  });

  afterAll(async () => {
    await app.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  it.each(Object.keys(GENERATORS))(
    'by %s compiles the walk of the README under strict, and takes it',
    async (name) => {
      const folder = join(scratch, name);
      await cp(join(WALKS, name), folder, { recursive: true });
      await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
      await GENERATORS[name]!(folder);

      expect(await compile(folder)).toBe('');
      const { stdout } = await node(folder, 'out/walk.js', [`http://127.0.0.1:${app.port}`]);
      expect(JSON.parse(stdout)).toEqual({ valid: false, code: 'REVOKED', problem: 'api_key_not_found' });
    },
    // Generators and compilers take seconds each, and many more on a busy machine.
    300_000,
  );
});

/** What the compiler complains of. */
async function compile(folder: string): Promise<string> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  return node(folder, compiler, ['--project', '.']).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  );
}

function node(folder: string, script: string, args: string[]): Promise<{ stdout: string }> {
  return run(process.execPath, [script, ...args], { cwd: folder });
}

/** A file of a package that this workspace brings, wherever npm has put it. */
function binary(name: string, path: string): string {
  const folders = createRequire(join(WALKS, 'package.json')).resolve.paths(name) ?? [];
  const found = folders.map((folder) => join(folder, name, path)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${name} is not installed: run "npm ci".`);
  return found;
}
