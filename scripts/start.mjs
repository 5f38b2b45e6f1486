import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensureDashboard } from './lib/dashboard.mjs';
import { DASHBOARD, ensurePackages } from './lib/packages.mjs';

// `npm start`: installs what is missing, builds what has changed, and is the service from then on, in this
// process, so that signals reach it. For the same reason package.json says `exec`: npm passes SIGTERM on to its
// shell, and a shell that waits would end and leave us behind. Windows has neither, and gets the other half.
await ensurePackages(DASHBOARD);
await ensureBuild();
await ensureDashboard();
process.chdir(root);
await import('../dist/src/main.js');
