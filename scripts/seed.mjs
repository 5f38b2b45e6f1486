import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run seed`: installs and builds what is missing, and fills a development database with a believable application.
await ensurePackages();
await ensureBuild();
process.chdir(root);
await import('../dist/src/process/seed.js');
