import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import request from 'supertest';
import { AS_SERVICE } from '../support/service-key.js';
import { PASSWORD } from '../support/sign-in.js';
import { isInHeap, launchBrowser } from './browser.js';
import { choose, dialog, signInAs, Stage } from './stage.js';

const ROOT = join(import.meta.dirname, '../..');
const MAX_SCRIPT_BYTES = 150_000;

let stage: Stage;
let browser: Browser;
beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['scripts/dashboard.mjs'], { cwd: ROOT });
  browser = await launchBrowser();
  stage = await Stage.set(browser);
}, 300_000);
afterAll(async () => {
  await browser.close();
  await stage.strike();
});
afterEach(() => stage.clear());

describe('the walk from no account to a revoked key', () => {
  it('works, leaves the secret nowhere, and is good for everybody', async () => {
    const person = await stage.newPerson();
    const page = await person.open('/');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/dashboard/sign-in');
    await stage.look(page, '01-sign-in');
    await page.getByRole('link', { name: 'Forgotten your password?' }).click();
    await page.getByText('This service sends no mails.').waitFor();
    await stage.look(page, '14-forgotten-without-mails');
    await page.getByRole('link', { name: 'Back to the sign-in page' }).click();

    // Mistakes stand at their fields.
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('Name').fill('Ann Example');
    await page.getByLabel('Email').fill('ann');
    await page.getByLabel('Password').fill('short');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.locator('input[name=email][aria-invalid=true]').waitFor();
    await page.locator('input[name=password][aria-invalid=true]').waitFor();
    await stage.look(page, '02-register');
    await page.getByLabel('Email').fill(`${randomUUID()}@example.org`);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Create account' }).click();

    await page.getByRole('heading', { name: 'Create your first application' }).waitFor();
    await stage.look(page, '03-no-applications');
    await page.getByRole('button', { name: 'New application' }).click();
    await page.getByRole('button', { name: 'Create application' }).click();
    await dialog(page, 'New application').locator('input[aria-invalid=true]').waitFor();
    await stage.look(page, '04-new-application');
    await dialog(page, 'New application').getByLabel('Name').fill('Weather');
    await page.getByLabel('Description').fill('Forecasts for people who hang out their washing.');
    await page.getByLabel('Scopes').fill('forecast:read, stations:read stations:write');
    await page.getByRole('button', { name: 'Create application' }).click();

    await page.getByRole('heading', { name: 'No keys yet' }).waitFor();
    expect(await page.locator('.command-line pre').textContent()).toContain(
      `${stage.url}/apikey?ApplicationId=`,
    );
    await stage.look(page, '05-no-keys');

    await page.getByRole('button', { name: 'Create key' }).click();
    const create = dialog(page, 'Create key');
    expect(await create.getByLabel('Expires').inputValue()).toBe('90');
    await create.getByRole('button', { name: 'Read only' }).click();
    expect(await create.getByLabel('stations:read').isChecked()).toBe(true);
    expect(await create.getByLabel('stations:write').isChecked()).toBe(false);
    await create.getByLabel('Expires').selectOption('custom');
    await create.getByLabel('Last day').fill('2020-01-01');
    await create.getByText('More:').click();
    await create.getByLabel('Addresses').fill('not an address');
    await create.getByRole('button', { name: 'Create key' }).click();
    await create.locator('textarea[aria-invalid=true]').waitFor();
    await create.getByLabel('Addresses').fill('');
    await create.getByRole('button', { name: 'Create key' }).click();
    await create.locator('input[type=date][aria-invalid=true]').waitFor();
    await stage.look(page, '06-create-key');
    await create.getByLabel('Expires').selectOption('never');
    await create.getByText('A key that never expires').waitFor();
    await create.getByLabel('Expires').selectOption('90');
    await create.getByLabel('Name').fill('Production collector');

    // The first answer is lost on its way. There is one key all the same.
    await page.route(
      '**/apikey?*',
      async (route) => {
        await route.fetch();
        await route.abort();
      },
      { times: 1 },
    );
    await create.getByRole('button', { name: 'Create key' }).click();
    const shown = dialog(page, 'Your new key');
    const secret = (await shown.getByLabel('The key', { exact: true }).textContent()) ?? '';
    expect(secret).toMatch(/^upblit_live_[0-9A-Za-z]{36}$/);

    // It cannot be left by accident, and holds nothing else that looks like what is to be stored.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    expect(await shown.getByRole('button', { name: 'Done' }).isDisabled()).toBe(true);
    expect(await shown.textContent()).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
    await shown.getByRole('tab', { name: 'Node' }).click();
    for (const language of ['Python', 'Go', 'curl']) {
      await page.keyboard.press('ArrowRight');
      expect(await shown.getByRole('tab', { name: language }).getAttribute('aria-selected')).toBe('true');
      expect(await shown.getByRole('tabpanel').textContent()).not.toContain(secret);
    }
    await stage.look(page, '07-shown-once');
    await shown.getByRole('button', { name: 'Copy key' }).click();
    await shown.getByRole('button', { name: 'Copied' }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      shown.getByRole('button', { name: 'Download .env' }).click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toBe(`UPBLIT_API_KEY=${secret}\n`);
    await shown.getByLabel('I have stored it').check();
    const before = person.requests.length;
    await shown.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('row', { name: /Production collector/ }).waitFor();
    expect(await page.getByRole('row').count()).toBe(2);

    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]),
    );
    expect(kept).not.toContain(secret);
    expect(await page.content()).not.toContain(secret);
    expect(page.url()).not.toContain(secret);
    expect(person.requests.slice(before).join('\n')).not.toContain(secret);
    await stage.look(page, '08-keys');

    const verdict = async (): Promise<string> =>
      (await request(stage.app.http).post('/apikey/verify').set(AS_SERVICE).send({ key: secret })).body
        .code as string;
    // By keyboard alone.
    await page.getByRole('button', { name: 'Actions for Production collector' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('[role=menuitem]:focus').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('Production collector is disabled').waitFor();
    expect(await verdict()).toBe('DISABLED');
    await choose(page, 'Actions for Production collector', 'Enable');
    await page.getByText('Production collector is enabled').waitFor();
    expect(await verdict()).toBe('VALID');

    await choose(page, 'Actions for Production collector', 'Rotate');
    await stage.look(page, '09-rotate');
    await page.getByRole('button', { name: 'Rotate key' }).click();
    const next =
      (await dialog(page, 'The new secret').getByLabel('The key', { exact: true }).textContent()) ?? '';
    expect(next).not.toBe(secret);
    await page.getByLabel('I have stored it').check();
    await page.getByRole('button', { name: 'Done' }).click();
    expect(await verdict()).toBe('VALID');

    await choose(page, 'Actions for Production collector', 'Revoke');
    const revoke = dialog(page, 'Revoke key');
    await revoke.getByLabel('Type').fill('Production');
    expect(await revoke.getByRole('button', { name: 'Revoke key' }).isDisabled()).toBe(true);
    await stage.look(page, '10-revoke');
    await revoke.getByLabel('Type').fill('Production collector');
    await revoke.getByRole('button', { name: 'Revoke key' }).click();
    await page.getByText('Production collector is revoked').waitFor();
    expect(await verdict()).toBe('REVOKED');
    await page.getByRole('row', { name: /Production collector.*Revoked/ }).waitFor();

    for (const one of [secret, next]) expect(await isInHeap(page, one)).toBe(false);
    // What is there is found.
    expect(await isInHeap(page, 'Production collector')).toBe(true);

    await choose(page, 'Actions for Weather', 'Delete application');
    await dialog(page, 'Delete application').getByText('No active key').waitFor();
    await stage.look(page, '11-delete-application');
    await page.getByLabel('Type').fill('Weather');
    await dialog(page, 'Delete application').getByRole('button', { name: 'Delete application' }).click();
    await page.getByRole('heading', { name: 'Create your first application' }).waitFor();
  }, 300_000);
});

describe('a thousand keys', () => {
  it('are searched, filtered and paged by the address', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({
      name: 'Collectors',
      description: 'What stands in the field.',
    });
    const scopes = [['telemetry:write'], ['telemetry:read', 'telemetry:write', 'stations:read'], []];
    for (let at = 0; at < 1000; at += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          client.issueKey(id, {
            name: `Collector ${String(at + index).padStart(4, '0')}`,
            environment: index % 5 === 0 ? 'test' : 'live',
            scopes: scopes[index % 3],
            expiresAt: index % 4 === 0 ? null : new Date(Date.now() + (index + 1) * 86_400_000).toISOString(),
          }),
        ),
      );
    }
    const page = await person.open(`/dashboard/applications/${id}/keys?status=active`);
    await signInAs(page, email);
    await page.getByText('1–50 of 1000', { exact: true }).waitFor();
    await stage.look(page, '12-many-keys');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('51–100 of 1000').waitFor();
    expect(new URL(page.url()).search).toBe('?status=active&page=2');
    await page.getByLabel('Search keys').fill('collector 0042');
    await page.getByText('1–1 of 1').waitFor();
    await page.getByLabel('Search keys').fill('telemetry:read');
    await page.getByLabel('Environment').selectOption('test');
    await page.getByRole('row').nth(1).waitFor();
    await page.reload();
    expect(await page.getByLabel('Search keys').inputValue()).toBe('telemetry:read');
    expect(await page.getByLabel('Environment').inputValue()).toBe('test');
    await page.getByLabel('Search keys').fill('nothing at all');
    await page.getByRole('heading', { name: 'No key matches' }).waitFor();
    await page.getByRole('button', { name: 'Show all keys' }).click();
    await page.getByText('1–50 of 1000', { exact: true }).waitFor();

    await page.getByRole('link', { name: 'Applications' }).first().click();
    await page.getByRole('link', { name: 'Collectors' }).waitFor();
    await stage.look(page, '13-applications');
  }, 300_000);
});

describe('a session', () => {
  it('that has ended says so, and goes on where it was', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication();
    await client.issueKey(id, { name: 'One' });
    const path = `/dashboard/applications/${id}/keys?q=one&status=active`;
    const page = await person.open(path);
    await signInAs(page, email);
    await page.getByRole('row', { name: /One/ }).waitFor();
    await person.context.clearCookies();
    await page.reload();
    await page.getByText('Your session has ended').waitFor();
    await signInAs(page, email);
    await page.getByRole('row', { name: /One/ }).waitFor();
    expect(page.url()).toBe(stage.url + path);
  });

  it('is the same in all tabs, which may start at once', async () => {
    const { person, email } = await stage.newOwner();
    const first = await person.open('/dashboard');
    await signInAs(first, email);
    const tabs = await Promise.all([1, 2, 3, 4].map(() => person.open('/dashboard')));
    await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: 'Your account' }).waitFor()));
    await choose(first, 'Your account', 'Sign out');
    await Promise.all(tabs.map((tab) => tab.getByText('You are signed out').waitFor()));
    await signInAs(tabs[0]!, email);
    await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: 'Your account' }).waitFor()));
  });

  it('keeps no token where a script could find it again', async () => {
    const { person, email } = await stage.newOwner();
    const page = await person.open('/dashboard');
    await signInAs(page, email);
    const [cookie] = await person.context.cookies(`${stage.url}/auth/browser/refresh`);
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/auth/browser' });
    const found = await page.evaluate(() =>
      JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]),
    );
    expect(found).not.toMatch(/eyJ|upblit_rt_/);
    expect(await isInHeap(page, cookie!.value)).toBe(false);
  });

  it('leads to no page of another origin', async () => {
    const { person, email } = await stage.newOwner();
    for (const from of [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example/',
      'javascript:alert(1)',
    ]) {
      const page = await person.open(`/dashboard/sign-in?from=${encodeURIComponent(from)}`);
      const field = page.getByLabel('Email');
      const landed = page.getByRole('heading', { name: 'Create your first application' });
      // Whether somebody is signed in shows when the page has asked.
      await field.or(landed).waitFor();
      if (await field.isVisible()) await signInAs(page, email);
      await landed.waitFor();
      expect(new URL(page.url()).origin).toBe(stage.url);
    }
  });
});

describe('a service that fails', () => {
  it('once each time leaves no page broken', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication();
    const page = await person.open('/dashboard');
    await signInAs(page, email);
    const failed = new Set<string>();
    await page.route(/\/(applications|apikey)/, async (route) => {
      const call = `${route.request().method()} ${route.request().url()}`;
      if (failed.has(call) || route.request().resourceType() === 'document') return route.continue();
      failed.add(call);
      return route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{}' });
    });
    await page.goto(`/dashboard/applications/${id}/keys`);
    await page.getByRole('heading', { name: 'No keys yet' }).waitFor();
    expect(failed.size).toBeGreaterThan(1);
  });

  it('for long says so, and what to do', async () => {
    const { person, email } = await stage.newOwner();
    const page = await person.open('/dashboard');
    await signInAs(page, email);
    const isList = (url: URL): boolean => url.pathname === '/applications';
    await page.route(isList, (route) => route.abort());
    await page.reload();
    await page.getByRole('alert').getByText('cannot be reached').waitFor();
    await page.unroute(isList);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Create your first application' }).waitFor();
  });
});

describe('the first load', () => {
  it(`is no more than ${MAX_SCRIPT_BYTES / 1000} kB of JavaScript`, async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication();
    const page = await person.open(`/dashboard/applications/${id}/keys`);
    await signInAs(page, email);
    await page.getByRole('heading', { name: 'No keys yet' }).waitFor();
    const scripts = new Set(
      person.requests.flatMap((line) => /\/dashboard\/(assets\/\S+\.js)/.exec(line)?.slice(1) ?? []),
    );
    const texts = await Promise.all([...scripts].map((path) => readFile(join(ROOT, 'web/dist', path))));
    const bytes = texts.reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(MAX_SCRIPT_BYTES);
  });
});
