import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fail, root } from './lib/checkout.mjs';
import { ensureDashboard } from './lib/dashboard.mjs';
import { DASHBOARD, ensurePackages } from './lib/packages.mjs';

// `npm run dashboard`: makes the types of the calls from openapi.json, checks the dashboard against them, so that a
// call that has changed is noticed here, and builds it when it has changed. With `--types` it stops after the types,
// with `--check` after the check.
await ensurePackages(DASHBOARD);
const { writeTypes } = await import('../web/types.mjs');
await writeTypes();
if (!process.argv.includes('--types')) await check();
if (!['--types', '--check'].some((flag) => process.argv.includes(flag))) await ensureDashboard();

async function check() {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const child = spawn(process.execPath, [tsc, '--project', 'web/tsconfig.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  if (code !== 0) fail('The dashboard does not fit its types, or openapi.json: see above.');
}
