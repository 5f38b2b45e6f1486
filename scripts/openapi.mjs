import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run openapi`: writes openapi.json from the code. No database is needed.
await ensurePackages();
await ensureBuild();
const { describeApi } = await import('../dist/src/app.setup.js');
await writeFile(join(root, 'openapi.json'), `${JSON.stringify(await describeApi(), null, 2)}\n`);
