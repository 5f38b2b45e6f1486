import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run account`: installs and builds what is missing, and invites people, lets them set a new password, shuts them
// out, or lets them in again.
await ensurePackages();
await ensureBuild();
process.chdir(root);
await import('../dist/src/process/account.js');
