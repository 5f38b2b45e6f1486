import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run service-key`: installs and builds what is missing, and makes, lists, rotates or revokes service keys of the
// platform. They let the machines that hold them verify the keys of every application.
await ensurePackages();
await ensureBuild();
process.chdir(root);
await import('../dist/src/process/service-key.js');
