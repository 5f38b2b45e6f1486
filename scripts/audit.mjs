import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run audit:verify`, `audit:export` and `audit:prune`: installs and builds what is missing, and verifies the audit
// trail, prints it, or deletes what need not be kept any more.
await ensurePackages();
await ensureBuild();
process.chdir(root);
await import('../dist/src/process/audit.js');
