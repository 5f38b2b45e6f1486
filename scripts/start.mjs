import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm start`: installs what is missing, builds what has changed, and is the service from then on, in this
// process, so that signals reach it.
await ensurePackages();
await ensureBuild();
process.chdir(root);
await import('../dist/src/main.js');
