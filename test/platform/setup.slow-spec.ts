import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';

const ROOT = join(import.meta.dirname, '../..');

/** Stands in for npm: notes how it was called, and installs what the lock file names. */
const NPM = `
const fs = require('node:fs');
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
setTimeout(() => {
  fs.mkdirSync('node_modules', { recursive: true });
  fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
}, 200);
`;

interface Locked {
  version?: string;
  optional?: boolean;
  dependencies?: Record<string, string>;
}

let checkout: string;

beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'upblit-setup-'));
  await cp(join(ROOT, 'scripts/lib'), join(checkout, 'scripts/lib'), { recursive: true });
  await write('package.json', '{"type": "module"}');
});

afterEach(async () => {
  await rm(checkout, { recursive: true, force: true });
});

describe('installing', () => {
  beforeEach(async () => {
    await write('fake/npm-cli.js', NPM);
    await write('fake/package.json', '{"type": "commonjs"}');
    await lock({ 'node_modules/a': { version: '1.0.0' } });
  });

  it('happens in a fresh clone, with what the build needs, whatever NODE_ENV says', async () => {
    await ensurePackages({ NODE_ENV: 'production' });
    expect(await npmCalls()).toEqual([expect.stringMatching(/^ci --include=dev --include=optional/)]);
  });

  it('does not happen again until the lock file changes', async () => {
    await ensurePackages();
    await ensurePackages();
    expect(await npmCalls()).toHaveLength(1);
    await lock({ 'node_modules/a': { version: '1.0.1' } });
    await ensurePackages();
    expect(await npmCalls()).toHaveLength(2);
  });

  it('does not insist on packages for other systems', async () => {
    await ensurePackages();
    await lock({
      'node_modules/a': { version: '1.0.0', dependencies: { b: '1' } },
      'node_modules/a/node_modules/b': { version: '1.0.0', optional: true },
    });
    await ensurePackages();
    expect(await npmCalls()).toHaveLength(1);
  });

  it('notices a package that a package needs', async () => {
    await ensurePackages();
    await lock({
      'node_modules/a': { version: '1.0.0', dependencies: { '@b/c': '1' } },
      'node_modules/@b/c': { version: '1.0.0' },
    });
    await ensurePackages();
    expect(await npmCalls()).toHaveLength(2);
  });

  it('leaves out what a workspace alone needs, unless that is asked for', async () => {
    await ensurePackages();
    await lock({
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '1.0.0' },
      bench: { dependencies: { b: '1' } },
    });
    await ensurePackages();
    expect(await npmCalls()).toEqual([expect.stringContaining('--workspace=web --include-workspace-root')]);
    await ensurePackages({}, 'bench');
    expect(await npmCalls()).toEqual([expect.anything(), expect.not.stringContaining('--workspace')]);
  });

  it('happens once when two starts want it, also after a third was killed at it', async () => {
    const { stdout: pidOfTheDead } = await promisify(execFile)(process.execPath, ['-p', 'process.pid']);
    await write('.setup.lock', pidOfTheDead.trim());
    await Promise.all([ensurePackages(), ensurePackages()]);
    expect(await npmCalls()).toHaveLength(1);
  });

  it('ends the start with a sentence when npm fails', async () => {
    await write('fake/npm-cli.js', 'process.exit(1)');
    await expect(ensurePackages()).rejects.toThrow('The packages could not be installed');
  });

  function ensurePackages(env: Record<string, string> = {}, workspace?: string): Promise<string> {
    const args = workspace === undefined ? '' : `'${workspace}'`;
    return run(
      `import { ensurePackages } from './scripts/lib/packages.mjs'; await ensurePackages(${args});`,
      { ...env, npm_execpath: join(checkout, 'fake/npm-cli.js') },
    );
  }

  /** Writes a lock file whose product needs the package a. */
  async function lock(packages: Record<string, Locked>): Promise<void> {
    const product: Locked = { dependencies: { a: '1' } };
    await write('package-lock.json', JSON.stringify({ packages: { '': product, ...packages } }));
  }

  async function npmCalls(): Promise<string[]> {
    const calls = await readFile(join(checkout, 'npm-calls'), 'utf8').catch(() => '');
    return calls.split('\n').filter((line) => line !== '');
  }
});

describe('building', () => {
  beforeEach(async () => {
    await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    await write('package-lock.json', '{}');
    await write('ormconfig.ts', 'export default 1;');
    await write('migrations/index.ts', 'export const migrations: unknown[] = [];');
    await write('src/main.ts', 'export const answer: number = 41;');
    await write('src/words.txt', 'one two');
    await write('src/main.spec.ts', 'throw new Error();');
  });

  it('makes JavaScript of the sources, takes their data files along, and leaves their tests out', async () => {
    await ensureBuild();
    expect(await run(`console.log((await import('./dist/src/main.js')).answer)`)).toBe('41\n');
    expect(await readFile(join(checkout, 'dist/src/words.txt'), 'utf8')).toBe('one two');
    expect(await isThere('dist/migrations/index.js')).toBe(true);
    expect(await isThere('dist/ormconfig.js')).toBe(true);
    expect(await isThere('dist/src/main.spec.js')).toBe(false);
  });

  it('happens when a source was changed or removed, and only then', async () => {
    expect(await ensureBuild()).toBe('Building …\n');
    expect(await ensureBuild()).toBe('');
    await write('src/main.ts', 'export const answer: number = 42;');
    expect(await ensureBuild()).toBe('Building …\n');
    expect(await run(`console.log((await import('./dist/src/main.js')).answer)`)).toBe('42\n');
    await rm(join(checkout, 'src/words.txt'));
    expect(await ensureBuild()).toBe('Building …\n');
    expect(await isThere('dist/src/words.txt')).toBe(false);
  });

  it('leaves the last good build alone when the sources cannot be built, and says where they are wrong', async () => {
    await ensureBuild();
    await write('src/main.ts', 'export const = ;');
    await expect(ensureBuild()).rejects.toThrow(/The build failed: [^]*main\.ts/);
    expect(await run(`console.log((await import('./dist/src/main.js')).answer)`)).toBe('41\n');
    await expect(ensureBuild()).rejects.toThrow('The build failed');
  });

  /** What it says on the way. */
  async function ensureBuild(): Promise<string> {
    return run(`
      process.stderr.write = (text) => process.stdout.write(text);
      const { ensureBuild } = await import('./scripts/lib/build.mjs');
      await ensureBuild();`);
  }
});

describe('building the dashboard', () => {
  beforeEach(async () => {
    await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    await write('package-lock.json', '{}');
    await mkdir(join(checkout, 'web'));
    for (const tool of ['build.mjs', 'vite.config.mjs'])
      await cp(join(ROOT, 'web', tool), join(checkout, 'web', tool));
    await write(
      'web/index.html',
      '<!doctype html><script type="module" src="/src/main.ts"></script><div id="root"></div>',
    );
    await write('web/src/main.ts', 'document.title = "first";');
  });

  it('happens when a source was changed, and only then, and compresses each text', async () => {
    expect(await ensureDashboard()).toBe('Building the dashboard …\n');
    expect(await ensureDashboard()).toBe('');
    await write('web/src/main.ts', 'document.title = "second";');
    expect(await ensureDashboard()).toBe('Building the dashboard …\n');
    const files = await readdir(join(checkout, 'web/dist'), { recursive: true });
    const [script] = files.filter((path) => path.endsWith('.js'));
    expect(files).toEqual(
      expect.arrayContaining(['index.html', 'index.html.br', `${script!}.br`, `${script!}.gz`]),
    );
    const page = await readFile(join(checkout, 'web/dist/index.html'), 'utf8');
    expect(page).toContain(`/dashboard/${script!}`);
    const compressed = await readFile(join(checkout, `web/dist/${script!}.br`));
    expect(brotliDecompressSync(compressed).toString()).toContain('second');
  });

  it('leaves the last good build alone when the sources cannot be built', async () => {
    await ensureDashboard();
    await write('web/src/main.ts', 'document.title = ;');
    await expect(ensureDashboard()).rejects.toThrow('The build of the dashboard failed');
    expect(await isThere('web/dist/index.html')).toBe(true);
  });

  async function ensureDashboard(): Promise<string> {
    return run(`
      process.stderr.write = (text) => process.stdout.write(text);
      const { ensureDashboard } = await import('./scripts/lib/dashboard.mjs');
      await ensureDashboard();`);
  }
});

/** Runs a module in the checkout; returns what it prints, throws what it complains of. */
async function run(source: string, env: Record<string, string> = {}): Promise<string> {
  const args = ['--input-type=module', '--eval', source];
  const options = { cwd: checkout, env: { PATH: process.env.PATH, ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, args, options).catch((error: unknown) => {
    const { stdout: printed, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${printed}${stderr}`);
  });
  return stdout;
}

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(checkout, path)), { recursive: true });
  await writeFile(join(checkout, path), content);
}

async function isThere(path: string): Promise<boolean> {
  return access(join(checkout, path)).then(
    () => true,
    () => false,
  );
}
