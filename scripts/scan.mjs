import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run scan`: installs and builds what is missing, and looks for API keys in files, or in the history of a Git
// repository. It needs no database and no configuration.
await ensurePackages();
await ensureBuild();
// Paths are meant from where somebody has called this.
process.env.INIT_CWD ??= process.cwd();
process.chdir(root);
await import('../dist/src/process/scan.js');
