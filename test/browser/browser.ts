import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const ROOT = join(import.meta.dirname, '../..');
const SCREENSHOTS = join(import.meta.dirname, 'screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where Debian's package puts it. */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Builds the dashboard unless it is built. Test files that run at the same time do not meet here. */
export async function buildDashboard(): Promise<void> {
  const build = "import('./scripts/lib/dashboard.mjs').then((one) => one.ensureDashboard())";
  await promisify(execFile)(process.execPath, ['--eval', build], { cwd: ROOT });
}

export async function launchBrowser(): Promise<Browser> {
  await mkdir(SCREENSHOTS, { recursive: true });
  // Containers run it as root, and may have little shared memory.
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A person's browser: its tabs share cookies and storage. Whatever goes wrong in any of them is noted. */
export class Person {
  /** Faults of pages and what the policy has stopped. */
  readonly faults: string[] = [];
  /** The URL and body of every request. */
  readonly requests: string[] = [];

  private constructor(readonly context: BrowserContext) {}

  static async with(browser: Browser, baseURL: string): Promise<Person> {
    const context = await browser.newContext({
      baseURL,
      viewport: { width: 1280, height: 800 },
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const person = new Person(context);
    context.on('request', (request) => person.requests.push(`${request.url()} ${request.postData() ?? ''}`));
    context.on('weberror', (error) => person.faults.push(String(error.error())));
    context.on('console', (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) person.faults.push(message.text());
    });
    return person;
  }

  async open(path: string): Promise<Page> {
    const page = await this.context.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(path);
    return page;
  }
}

/**
 * What is wrong with a page for whoever has a narrow window, other colours, a screen reader or a keyboard. Leaves
 * screenshots for people to look at.
 */
export async function faultsOf(page: Page, name: string): Promise<string[]> {
  const faults: string[] = [];
  await page.evaluate(AXE);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // What axe reads of a colour is that of the last frame.
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
    for (const width of [320, 375, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const where = `${name}, ${colorScheme}, ${width} px`;
      if (width !== 320)
        await page.screenshot({ path: join(SCREENSHOTS, `${name}-${colorScheme}-${width}.png`) });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) faults.push(`${where}: is ${overflow} px wider than the window`);
      // The middle width is there to be looked at: axe finds in the narrowest and the widest what there is to find.
      if (width === 375) continue;
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      for (const { id, nodes } of violations) {
        for (const { html, failureSummary } of nodes)
          faults.push(`${where}: ${id}: ${html}: ${failureSummary ?? ''}`);
      }
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  return faults;
}

/** Whether a text is anywhere in the memory that the page's scripts can reach. */
export async function isInHeap(page: Page, text: string): Promise<boolean> {
  const session = await page.context().newCDPSession(page);
  let rest = '';
  let isFound = false;
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    isFound ||= (rest + chunk).includes(text);
    rest = chunk.slice(-text.length);
  });
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  return isFound;
}
