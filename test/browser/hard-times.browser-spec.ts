import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page, Route } from 'playwright-core';
import { buildDashboard, launchBrowser } from './browser.js';
import { signInAs, Stage } from './stage.js';

/** Calls of the service, and nothing of the dashboard's own files. */
const CALLS = /^http:\/\/[^/]+\/(applications|apikey|auth)(\/|\?|$)/;

/** What says that something is on its way. */
const BUSY = '.skeleton, [aria-busy=true], .waiting, .spinner';

/** Cumulative layout shift that a page may have, of what is called good (0.1). */
const MAX_SHIFT = 0.05;

/** Every page behind the sign-in that needs nothing but an application with a key, and what is on it in the end. */
const PAGES: readonly (readonly [path: string, isThere: (page: Page) => Promise<void>])[] = [
  ['', (page) => page.getByRole('link', { name: 'Weather', exact: true }).waitFor()],
  ['/applications/:id', (page) => page.getByText('No key was used in this time.').waitFor()],
  ['/applications/:id/keys', (page) => page.getByRole('row', { name: /Collector/ }).waitFor()],
  ['/applications/:id/keys/:keyId', (page) => page.getByRole('heading', { name: /Collector/ }).waitFor()],
  ['/applications/:id/service-keys', (page) => page.getByRole('row', { name: /a machine/ }).waitFor()],
  ['/applications/:id/try-key', (page) => page.getByRole('button', { name: 'Try the key' }).waitFor()],
  ['/applications/:id/audit', (page) => page.getByRole('row', { name: /Key created/ }).waitFor()],
  ['/applications/:id/members', (page) => itemOf(page, 'Members').waitFor()],
  ['/applications/:id/webhooks', (page) => page.getByText('Nothing was sent yet.').waitFor()],
  [
    '/applications/:id/hygiene',
    (page) => page.getByText(/that works?(, service keys among them)?\.$/).waitFor(),
  ],
  ['/account', (page) => itemOf(page, 'Sessions').waitFor()],
];

function itemOf(page: Page, list: string): Locator {
  return page.getByRole('region', { name: list, exact: true }).getByRole('listitem').first();
}

/** What keeps somebody signed in: without it there is no page to look at. */
const isOfSession = (route: Route): boolean => route.request().url().includes('/auth/browser/');

/** Without it there is nothing of it on a page. */
const isApplication = (route: Route): boolean => /\/applications\/[^/?]+$/.test(route.request().url());

let browser: Browser;
let stage: Stage;
beforeAll(async () => {
  await buildDashboard();
  browser = await launchBrowser();
  stage = await Stage.set(browser);
}, 300_000);
afterEach(() => stage.clear());
afterAll(async () => {
  await browser.close();
  await stage.strike();
});

/** Somebody who is signed in, and the addresses of all pages of their application. */
async function visitor(): Promise<{ page: Page; pages: [path: string, isThere: () => Promise<void>][] }> {
  const { person, client, email } = await stage.newOwner();
  const id = await client.createApplication({ name: 'Weather' });
  const { id: keyId } = await client.issueKey(id, { name: 'Collector' });
  await client.issueServiceKey(id);
  await client
    .post(`/applications/${id}/webhooks`)
    .send({ url: 'https://hooks.example.com/', events: ['member.removed'] })
    .expect(201);
  const page = await person.open('/dashboard');
  await signInAs(page, email);
  return {
    page,
    pages: PAGES.map(([path, isThere]) => [
      `/dashboard${path.replace(':id', id).replace(':keyId', keyId)}`,
      () => isThere(page),
    ]),
  };
}

const later = async (route: Route): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 400));
  await route.continue().catch(() => undefined);
};

describe('every page', () => {
  it('says that it loads where each answer takes 400 ms, and moves nothing when they come', async () => {
    const { page, pages } = await visitor();
    await page.addInitScript(() => {
      Object.assign(globalThis, { shift: 0 });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) {
          (globalThis as unknown as { shift: number }).shift += entry.value;
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.route(CALLS, later);
    const shifts: [path: string, shift: number][] = [];
    for (const [path, isThere] of pages) {
      // Where the machine is busy, the page is there before it is known to be loaded.
      await page.goto(path, { waitUntil: 'commit' });
      await page.locator(BUSY).first().waitFor();
      await isThere();
      const shift = await page.evaluate(() => (globalThis as unknown as { shift: number }).shift);
      shifts.push([path, shift]);
    }
    expect(shifts.filter(([, shift]) => shift > MAX_SHIFT)).toEqual([]);
  }, 240_000);

  it('is there all the same when each call fails once', async () => {
    const { page, pages } = await visitor();
    let failures = 0;
    for (const [path, isThere] of pages) {
      const failed = new Set<string>();
      const failOnce = async (route: Route): Promise<void> => {
        const call = `${route.request().method()} ${route.request().url()}`;
        if (failed.has(call) || isOfSession(route)) return route.continue();
        failed.add(call);
        failures += 1;
        return route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{}' });
      };
      await page.route(CALLS, failOnce);
      await page.goto(path);
      await isThere();
      await page.unroute(CALLS, failOnce);
    }
    expect(failures).toBeGreaterThan(pages.length);
  }, 240_000);

  it('says so when no call is answered, and is there after another try', async () => {
    const { page, pages } = await visitor();
    for (const [path, isThere] of pages) {
      const abort = (route: Route): Promise<void> => (isOfSession(route) ? route.continue() : route.abort());
      await page.route(CALLS, abort);
      await page.goto(path);
      await page.getByRole('alert').filter({ hasText: 'cannot be reached' }).first().waitFor();
      await page.unroute(CALLS, abort);
      await page.getByRole('button', { name: 'Try again' }).first().click();
      await isThere();
    }
  }, 240_000);

  it('says what of it could not be loaded, and one more try loads all of that', async () => {
    const { page, pages } = await visitor();
    for (const [path, isThere] of pages.filter(([one]) => !one.endsWith('/try-key'))) {
      const abort = (route: Route): Promise<void> =>
        isOfSession(route) || isApplication(route) ? route.continue() : route.abort();
      await page.route(CALLS, abort);
      await page.goto(path);
      const alerts = page.getByRole('alert').filter({ hasText: 'cannot be reached' });
      await alerts.first().waitFor();
      // Nothing looks as if it were still on its way.
      await page.waitForFunction((busy) => document.querySelector(busy) === null, BUSY);
      await page.unroute(CALLS, abort);
      await page.getByRole('button', { name: 'Try again' }).first().click();
      await isThere();
      await alerts.first().waitFor({ state: 'detached' });
    }
  }, 240_000);

  it('is not tried again where the role of somebody does not show it', async () => {
    const { person, client } = await stage.newOwner();
    const viewer = await stage.newOwner('Ben Example');
    const id = await client.createApplication({ name: 'Weather' });
    await client.takeIn(id, viewer.client, 'viewer');
    const page = await person.open('/dashboard');
    await signInAs(page, viewer.email);
    for (const path of ['service-keys', 'audit', 'webhooks']) {
      await page.goto(`/dashboard/applications/${id}/${path}`);
      await page.getByText('This takes the role owner or admin').waitFor();
      expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    }
  }, 60_000);

  it('that is opened without a connection says so, and is there once there is one', async () => {
    const { page, pages } = await visitor();
    const [overview, isThere] = pages.find(([path]) => /applications\/[^/]+$/.test(path))!;
    await page.goto(overview);
    await isThere();
    await page.context().setOffline(true);
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('alert').getByText('cannot be reached').waitFor();
    // Another try does not end at the browser's own page for that.
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('status').getByText('cannot be reached').waitFor();
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('row', { name: /Key created/ }).waitFor();
  }, 60_000);

  it('of an application that is deleted meanwhile says that there is none', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const page = await person.open('/dashboard/sign-in');
    await page.clock.install();
    await page.goto(`/dashboard/applications/${id}/members`);
    await signInAs(page, email);
    await itemOf(page, 'Members').waitFor();
    await client.delete(`/applications/${id}`).expect(204);
    await page.clock.fastForward('01:00');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await page.getByRole('heading', { name: 'There is no such application' }).waitFor();
  }, 60_000);

  it('fits a window at 200 % zoom, and forced colours', async () => {
    const { page, pages } = await visitor();
    // A window of 1280 px has 640 of CSS at that zoom.
    await page.setViewportSize({ width: 640, height: 400 });
    await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    for (const [path, isThere] of pages) {
      await page.goto(path);
      await isThere();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect([path, overflow]).toEqual([path, Math.min(0, overflow)]);
      // What is in focus is seen without shadows and backgrounds, which forced colours take away.
      for (let presses = 0; presses < 12; presses += 1) {
        await page.keyboard.press('Tab');
        const seen = await page.evaluate(() => {
          const { activeElement } = document;
          if (activeElement === null || activeElement === document.body) return 'nothing in focus';
          const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
          const isSeen = outlineStyle !== 'none' && outlineWidth !== '0px';
          return isSeen ? 'seen' : activeElement.outerHTML.slice(0, 120);
        });
        expect([path, seen === 'nothing in focus' ? 'seen' : seen]).toEqual([path, 'seen']);
      }
    }
  }, 240_000);
});

describe('signing in', () => {
  it('without a connection says so', async () => {
    const { person, email } = await stage.newOwner();
    const page = await person.open('/dashboard/sign-in');
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill('any');
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').getByText('cannot be reached').waitFor();
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill('any other');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('alert').getByText('cannot be reached').waitFor();
    await page.context().setOffline(false);
  }, 60_000);
});
