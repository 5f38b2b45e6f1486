import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './lib/checkout.mjs';
import { ensurePackages } from './lib/packages.mjs';

// `npm test` and `npm run test:slow`: installs what is missing and runs these projects of jest.config.mjs. Everything
// after `--` is Jest's; the projects come last, because that option takes all that follows it.
const [projects, ...args] = process.argv.slice(2);
if (!args.includes('--selectProjects')) args.push('--selectProjects', ...projects.split(','));
// Slow tests generate clients, and others drive a browser, with packages that nothing else needs.
const workspaces = { slow: 'test/clients', browser: 'test/browser' };
const selected = args.slice(args.indexOf('--selectProjects'));
const [, workspace] = Object.entries(workspaces).find(([project]) => selected.includes(project)) ?? [];
await ensurePackages(workspace);
const child = spawn(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NODE_ENV: 'test' },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
