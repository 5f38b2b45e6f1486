import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run env:example`: writes .env.example, and the table of README.md, from src/config/variables.ts.
await ensurePackages();
await ensureBuild();
const { configurationTable, envExample } = await import('../dist/src/config/env-example.js');
await writeFile(join(root, '.env.example'), envExample());
const path = join(root, 'README.md');
const readme = await readFile(path, 'utf8');
await writeFile(
  path,
  readme.replace(
    /(?<=<!-- configuration -->\n)[^]*(?=<!-- \/configuration -->)/,
    () => `\n${configurationTable()}\n\n`,
  ),
);
