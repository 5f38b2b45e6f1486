import { ensureBuild } from './lib/build.mjs';
import { answerHelp, MIGRATE_USAGE, root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run migrate`: installs and builds what is missing, and migrates.
answerHelp(MIGRATE_USAGE);
await ensurePackages();
await ensureBuild();
process.chdir(root);
await import('./run-migrations.mjs');
