import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run env:example`: writes .env.example from src/config/variables.ts.
await ensurePackages();
await ensureBuild();
const { envExample } = await import('../dist/src/config/env-example.js');
await writeFile(join(root, '.env.example'), envExample());
