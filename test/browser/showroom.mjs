import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const ROOT = join(import.meta.dirname, '../..');

/** Where Debian's package puts it. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/**
 * Starts the service as it was built, with a database of its own that `npm run seed` has filled, and a browser. Everything
 * is gone when `work` is done.
 *
 * @param {(room: {url: string, email: string, password: string, browser: import('playwright-core').Browser}) => Promise<void>} work
 */
export async function inShowroom(work) {
  const directory = await mkdtemp(join(tmpdir(), 'upblit-showroom-'));
  // PostgreSQL does not run as root, and reaches it as another user then.
  await chmod(directory, 0o755);
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    NODE_ENV: 'development',
    DATA_DIR: join(directory, 'data'),
    PORT: String(port),
    LOG_LEVEL: 'error',
  };
  const service = spawn(process.execPath, [join(ROOT, 'dist/src/main.js')], {
    cwd: directory,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await ready(service, url);
    const seeding = [join(ROOT, 'dist/src/process/seed.js')];
    const { stdout } = await promisify(execFile)(process.execPath, seeding, { cwd: directory, env });
    const [, email = ''] = /Email\s+(\S+)/.exec(stdout) ?? [];
    const [, password = ''] = /Password\s+(\S+)/.exec(stdout) ?? [];
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    try {
      await work({ url, email, password, browser });
    } finally {
      await browser.close();
    }
  } finally {
    if (service.exitCode === null && service.kill('SIGTERM')) await once(service, 'exit');
    await rm(directory, { recursive: true, force: true });
  }
}

/** Signs in, and returns the page with the list of applications. */
export async function signIn(context, { url, email, password }) {
  const page = await context.newPage();
  await page.goto(`${url}/dashboard`);
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('link', { name: 'Harbour Weather' }).waitFor();
  return page;
}

async function ready(service, url) {
  for (;;) {
    if (service.exitCode !== null) throw new Error('The service did not start: see above.');
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
