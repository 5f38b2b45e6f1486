import { ensureBuild } from './lib/build.mjs';
import { ensureDashboard } from './lib/dashboard.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm run screenshots`: takes the pictures of the dashboard that the README shows, of a service of its own that is
// filled by `npm run seed`. `npm run dashboard:measure` measures how fast the dashboard is there instead.
await ensurePackages('test/browser');
await ensureBuild();
await ensureDashboard();
await import(
  process.argv.includes('--measure') ? '../test/browser/measure.mjs' : '../test/browser/screenshots.mjs'
);
