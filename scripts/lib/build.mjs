import { readdirSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fail, messageOf, root, say } from './checkout.mjs';
import { fingerprintOf } from './fingerprint.mjs';
import { withSetupLock } from './lock.mjs';
import { swcOptions } from './swc-options.mjs';

const SOURCES = ['src', 'migrations', 'ormconfig.ts'];
/** What else decides the result. */
const TOOLS = ['package-lock.json', 'scripts/lib/build.mjs', 'scripts/lib/swc-options.mjs'];
const OUTPUT = join(root, 'dist');
const STAMP = '.sources';

/**
 * Builds `dist/` when it was not made from exactly these sources. Types are not checked, which takes most of
 * a compiler's time: `npm run build` and `npm run typecheck` do that.
 */
export async function ensureBuild() {
  if (await isCurrent()) return;
  await withSetupLock(async () => {
    if (await isCurrent()) return;
    say('Building …');
    await build().catch((error) => fail(`The build failed: ${messageOf(error)}`));
  });
}

async function isCurrent() {
  const built = await readFile(join(OUTPUT, STAMP), 'utf8').catch(() => undefined);
  return built !== undefined && built === fingerprint();
}

/** Builds beside `dist/` and moves the whole there: a build that is killed leaves no half of one. */
async function build() {
  const { transform } = await import('@swc/core');
  const draft = `${OUTPUT}.new`;
  await rm(draft, { recursive: true, force: true });
  const stamp = fingerprint();
  const write = async (path, content) => {
    await mkdir(dirname(join(draft, path)), { recursive: true });
    await writeFile(join(draft, path), content);
  };
  await Promise.all(
    sourceFiles().map(async (path) => {
      const source = await readFile(join(root, path));
      if (!path.endsWith('.ts')) return write(path, source);
      const output = path.replace(/\.ts$/, '.js');
      const { code, map } = await transform(source.toString(), {
        ...swcOptions,
        filename: path,
        sourceFileName: relative(dirname(join(OUTPUT, path)), join(root, path)).replaceAll(sep, '/'),
        sourceMaps: true,
      });
      await write(output, `${code}//# sourceMappingURL=${output.split(/[\\/]/).at(-1)}.map\n`);
      await write(`${output}.map`, map);
    }),
  );
  await write(STAMP, stamp);
  await rm(OUTPUT, { recursive: true, force: true });
  await rename(draft, OUTPUT);
}

function fingerprint() {
  return fingerprintOf([...sourceFiles(), ...TOOLS]);
}

/** Paths below the checkout, sorted; tests are left out. */
function sourceFiles() {
  return SOURCES.flatMap((path) => {
    if (path.endsWith('.ts')) return path;
    return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
      .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
  }).sort();
}
