import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'vite';

const COMPRESSIBLE = /\.(css|html|js|svg)$/;

/** Builds the dashboard, with each text compressed as far as it goes: the service sends it as it lies there. */
export async function buildDashboard(directory) {
  await buildForProduction({
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'warn',
    build: { outDir: directory, emptyOutDir: true },
  });
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter(({ name }) => COMPRESSIBLE.test(name));
  await Promise.all(paths.map((entry) => compress(join(entry.parentPath, entry.name))));
}

/** Vite would take the React for development along wherever the service runs for development. */
async function buildForProduction(options) {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    await build(options);
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

async function compress(path) {
  const text = await readFile(path);
  const br = promisify(brotliCompress)(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
  await Promise.all([
    writeFile(`${path}.br`, await br),
    writeFile(`${path}.gz`, await promisify(gzip)(text, { level: 9 })),
  ]);
}
