import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import request from 'supertest';
import { eventually } from '../support/eventually.js';
import { AS_SERVICE } from '../support/service-key.js';
import { launchBrowser } from './browser.js';
import { choose, dialog, signInAs, Stage, tabTo } from './stage.js';

const AUDIT_SIGNING_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const ROOT = join(import.meta.dirname, '../..');

let browser: Browser;
let stage: Stage;
beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['scripts/dashboard.mjs'], { cwd: ROOT });
  browser = await launchBrowser();
  stage = await Stage.set(browser, { env: { AUDIT_SIGNING_KEY } });
}, 300_000);
afterEach(() => stage.clear());
afterAll(async () => {
  await browser.close();
  await stage.strike();
});

describe('the pages of an application in a narrow window', () => {
  it('show which of them is open, and their buttons whole', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather of the harbours', environment: 'production' });
    const page = await person.open(`/dashboard/applications/${id}/hygiene`);
    await page.setViewportSize({ width: 375, height: 740 });
    await signInAs(page, email);
    const tabs = page.getByRole('navigation', { name: 'Pages of the application' });
    const isInView = (name: string): Promise<boolean> =>
      tabs.getByRole('link', { name, exact: true }).evaluate((tab) => {
        const { left, right } = tab.getBoundingClientRect();
        return left >= 0 && right <= innerWidth;
      });
    await page.getByText('Nothing is to be done about the 0 keys that work').waitFor();
    expect(await isInView('Hygiene')).toBe(true);
    const more = await page.getByRole('button', { name: /^Actions for Weather/ }).boundingBox();
    expect(more?.width).toBe(more?.height);
    await page.goto(`/dashboard/applications/${id}/keys`);
    await tabs.waitFor();
    expect([await isInView('Keys'), await isInView('Hygiene')]).toEqual([true, false]);
  }, 120_000);
});

describe('the service keys of an application', () => {
  it('are created by keyboard, shown once, changed, rotated, disabled and revoked', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const { key } = await client.issueKey(id);
    const codeWith = async (serviceKey: string): Promise<unknown> => {
      const call = request(stage.app.http)
        .post('/apikey/verify')
        .set('Authorization', `Bearer ${serviceKey}`);
      return (await call.send({ key })).body.code;
    };
    const page = await person.open(`/dashboard/applications/${id}/service-keys`);
    await signInAs(page, email);
    await page.getByRole('heading', { name: 'No service keys yet' }).waitFor();
    await stage.look(page, '30-no-service-keys');

    await tabTo(page, page.getByRole('button', { name: 'Create service key' }));
    await page.keyboard.press('Enter');
    const create = dialog(page, 'Create service key');
    await create.getByLabel('Verify keys that it is shown').uncheck();
    await create.getByLabel('Addresses').fill('everywhere');
    await create.getByRole('button', { name: 'Create service key' }).click();
    await create.locator('input[aria-invalid=true]').waitFor();
    await create.getByText('Choose what it may do').waitFor();
    await stage.look(page, '31-create-service-key');
    await create.getByLabel('Name').fill('Gateway');
    await create.getByLabel('Verify keys that it is shown').check();
    await create.getByLabel('Addresses').fill('');
    await create.getByLabel('Name').focus();
    await page.keyboard.press('Enter');
    const shown = dialog(page, 'The new service key').getByLabel('The key', { exact: true });
    const first = (await shown.textContent()) ?? '';
    expect(first).toMatch(/^upblit_service_/);
    expect(await codeWith(first)).toBe('VALID');
    // What is shown of how to use it works as it is pasted.
    const snippet = (await page.getByRole('tabpanel', { name: 'curl' }).textContent()) ?? '';
    const env = { ...process.env, UPBLIT_SERVICE_KEY: first, UPBLIT_API_KEY: key };
    const { stdout } = await promisify(execFile)('bash', ['-c', snippet], { env });
    expect(JSON.parse(stdout)).toMatchObject({ code: 'VALID' });
    await page.getByRole('tab', { name: 'Go' }).click();
    await stage.look(page, '31-service-key-shown-once');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download .env' }).click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toBe(`UPBLIT_SERVICE_KEY=${first}\n`);
    await page.getByLabel('I have stored it').check();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('row', { name: /Gateway.*keys:verify.*Active/ }).waitFor();
    expect(await page.content()).not.toContain(first);
    await stage.look(page, '32-service-keys');

    await choose(page, 'Actions for Gateway', 'Edit');
    await dialog(page, 'Edit service key').getByLabel('Name').fill('The gateway');
    await dialog(page, 'Edit service key').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('row', { name: /The gateway/ }).waitFor();

    await choose(page, 'Actions for The gateway', 'Rotate');
    const rotate = dialog(page, 'Rotate service key');
    await rotate.getByLabel('The old secret').selectOption({ label: 'Not at all: it stops now' });
    await stage.look(page, '33-rotate-service-key');
    await rotate.getByRole('button', { name: 'Rotate service key' }).click();
    const next = dialog(page, 'The new secret').getByLabel('The key', { exact: true });
    const second = (await next.textContent()) ?? '';
    expect([await codeWith(first), await codeWith(second)]).toEqual(['invalid_service_key', 'VALID']);
    await page.getByLabel('I have stored it').check();
    await page.getByRole('button', { name: 'Done' }).click();

    await choose(page, 'Actions for The gateway', 'Disable');
    await page.getByRole('row', { name: /The gateway.*Disabled/ }).waitFor();
    expect(await codeWith(second)).toBe('invalid_service_key');
    await choose(page, 'Actions for The gateway', 'Enable');
    await page.getByRole('row', { name: /The gateway.*Active/ }).waitFor();

    await choose(page, 'Actions for The gateway', 'Revoke');
    await stage.look(page, '34-revoke-service-key');
    await dialog(page, 'Revoke service key').getByLabel('Type').fill('The gateway');
    await dialog(page, 'Revoke service key').getByRole('button', { name: 'Revoke service key' }).click();
    await page.getByRole('row', { name: /The gateway.*Revoked/ }).waitFor();
    expect(await codeWith(second)).toBe('invalid_service_key');
  }, 300_000);

  it('say whole what they may do', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication();
    const scopes = ['keys:verify', 'apikeys:read', 'apikeys:write', 'applications:read', 'audit:read'];
    await client.post(`/applications/${id}/service-keys`).send({ name: 'Gateway', scopes }).expect(200);
    const page = await person.open(`/dashboard/applications/${id}/service-keys`);
    await signInAs(page, email);
    const shown = page.getByRole('row', { name: /Gateway/ }).locator('.scope');
    await shown.first().waitFor();
    const cut = await shown.evaluateAll(
      (all) => all.filter((one) => one.scrollWidth > one.clientWidth).length,
    );
    expect([await shown.count(), cut]).toEqual([scopes.length, 0]);
  }, 60_000);

  it('are not for viewers, who are told so', async () => {
    const owner = await stage.newOwner();
    const viewer = await stage.newOwner('Ben Example');
    const id = await owner.client.createApplication();
    await owner.client.takeIn(id, viewer.client, 'viewer');
    const page = await viewer.person.open(`/dashboard/applications/${id}/service-keys`);
    await signInAs(page, viewer.email);
    await page.getByText('This takes the role owner or admin').waitFor();
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByText('This takes the role owner or admin').waitFor();
  }, 60_000);
});

describe('the audit trail of an application', () => {
  it('is filtered by the address, paged, exported, and verified in the browser', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const { id: keyId } = await client.issueKey(id, { name: 'Collector' });
    await client.patch(`/apikey/${keyId}`).send({ name: 'The collector' }).expect(200);
    for (let count = 0; count < 52; count += 1) await client.issueKey(id, { name: `Key ${count}` });
    const page = await person.open(`/dashboard/applications/${id}/audit`);
    await signInAs(page, email);
    await page.getByText('50 events, and more').waitFor();
    await page.route('**/audit?*', (route) => route.abort());
    await page.getByRole('button', { name: 'Show older events' }).click();
    await page.getByText('Not everything could be loaded. The service cannot be reached.').waitFor();
    await page.unroute('**/audit?*');
    await page.getByRole('button', { name: 'Show older events' }).click();
    await page.getByText('55 events in all').waitFor();

    await page.getByLabel('Key', { exact: true }).selectOption({ label: 'The collector' });
    await page.getByText('2 events in all').waitFor();
    await page.locator('summary', { hasText: /^name$/ }).click();
    await page
      .getByText('"Collector"')
      .or(page.getByText('Collector', { exact: true }))
      .first()
      .waitFor();
    await page.getByLabel('Action', { exact: true }).selectOption({ label: 'Key changed' });
    await page.getByText('1 event in all').waitFor();
    await page.getByRole('button', { name: /^You .*what they did/ }).click();
    await page.getByRole('button', { name: /^By you/ }).waitFor();
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
      action: 'ApiKeyChanged',
      actor: client.userId,
      keyId,
    });
    await stage.look(page, '35-audit');
    await page.reload();
    await page.getByText('1 event in all').waitFor();
    await page.getByLabel('From').fill('2020-01-01');
    await page.getByLabel('to', { exact: true }).fill('2020-01-02');
    await page.getByRole('heading', { name: 'Nothing of that kind was done' }).waitFor();
    await page.getByRole('button', { name: 'Show everything' }).click();
    await page.getByText('50 events, and more').waitFor();

    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('Verified up to event 55, signed').waitFor();
    for (const [item, first] of [
      ['Signed chain', '"action":"ApplicationCreated"'],
      ['OCSF events', '"class_uid":6003'],
    ] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), choose(page, 'Export', item)]);
      expect((await readFile(await download.path(), 'utf8')).split('\n')[0]).toContain(first);
    }

    // What somebody changes underneath is found.
    await stage.app.query('ALTER TABLE audit_events DISABLE TRIGGER ALL');
    await stage.app.query(
      `UPDATE audit_events SET event = replace(event::text, 'Collector', 'Somebody')::json
        WHERE chain = $1 AND seq = 2`,
      [id],
    );
    await stage.app.query('ALTER TABLE audit_events ENABLE TRIGGER ALL');
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('Event 2 is not as it was written').waitFor();
    await stage.look(page, '36-audit-changed');
  }, 300_000);
});

describe('a value that the audit trail keeps by its digest', () => {
  it('is shown by its size and its hash, which is there whole', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const { id: keyId } = await client.issueKey(id, { name: 'Collector', metadata: {} });
    const metadata = { note: 'x'.repeat(2989) };
    await client.patch(`/apikey/${keyId}`).send({ metadata }).expect(200);
    const digest = createHash('sha256').update(JSON.stringify(metadata)).digest('hex');
    const page = await person.open(`/dashboard/applications/${id}/audit`);
    await signInAs(page, email);
    await page.locator('summary', { hasText: /^metadata$/ }).click();
    const short = page.locator('summary', { hasText: `3 kB, SHA-256 ${digest.slice(0, 8)}…` });
    await short.click();
    await page.getByText(digest, { exact: true }).waitFor();
    await stage.look(page, '37-audit-digest');
    await page.goto(`/dashboard/applications/${id}/keys/${keyId}`);
    await short.click();
    await page.getByText(digest, { exact: true }).waitFor();
    expect(await page.getByText('"sha256"').count()).toBe(0);
  }, 60_000);
});

describe('the overview of an application', () => {
  it('is reached first, leads to the first key, and tells of use, refusals and what needs attention', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const page = await person.open('/dashboard');
    await signInAs(page, email);
    await page.getByRole('link', { name: 'Weather' }).click();
    await page.getByRole('heading', { name: 'Nothing to see yet' }).waitFor();
    await stage.look(page, '40-empty-overview');

    const soon = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const { key } = await client.issueKey(id, { name: 'Collector', scopes: ['a:read'], expiresAt: soon });
    const ask = request(stage.app.http);
    for (const scopes of [[], [], ['a:write']]) {
      await ask.post('/apikey/verify').set(AS_SERVICE).send({ key, scopes }).expect(200);
    }
    await eventually(async () => {
      const { body } = await client.get(`/applications/${id}/denials`);
      expect(body.data).toHaveLength(1);
    });
    await eventually(async () => {
      const { body } = await client.get(`/applications/${id}/usage`);
      expect(body.counts).toMatchObject({ VALID: 2, INSUFFICIENT_PERMISSIONS: 1 });
    });
    await page.reload();
    await page.getByText('33.3%').waitFor();
    await page.locator('.chart canvas').waitFor();
    const attention = page.getByRole('region', { name: 'What needs attention' });
    await attention.getByText('Expire within 14 days').waitFor();
    await page.getByRole('region', { name: 'Recent refusals' }).getByText('It lacks a:write').waitFor();
    await page.getByRole('button', { name: '24 hours' }).click();
    await page.getByText('33.3%').waitFor();
    await stage.look(page, '41-overview');
    await page.getByRole('region', { name: 'Keys that are used most' }).getByRole('link').click();
    await page.getByRole('row', { name: /Collector/ }).waitFor();
  }, 120_000);
});

describe('trying a key', () => {
  it('shows every check by keyboard, keeps the key nowhere, and uses nothing up', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const { key, id: keyId } = await client.issueKey(id, { name: 'Collector', scopes: ['a:read'] });
    const page = await person.open(`/dashboard/applications/${id}/try-key`);
    await signInAs(page, email);
    await stage.look(page, '42-try-key');
    await page.getByLabel('Key', { exact: true }).fill(`  ${key} `);
    await page.getByLabel('Scopes').fill('a:read');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'VALID Collector' }).waitFor();
    expect(await page.locator('.checks .passed').count()).toBe(8);

    await client.patch(`/apikey/${keyId}`).send({ enabled: false }).expect(200);
    await page.getByLabel('Scopes').fill('a:read b:write');
    await page.getByLabel('Address').fill('nowhere');
    await page.getByRole('button', { name: 'Try the key' }).click();
    await page.locator('input[aria-invalid=true]').waitFor();
    await page.getByLabel('Address').fill('192.0.2.1');
    await page.getByRole('button', { name: 'Try the key' }).click();
    await page.getByRole('heading', { name: 'DISABLED Collector' }).waitFor();
    await page.getByText('It lacks b:write.').waitFor();
    await stage.look(page, '43-tried-key');

    // The key is sent in the body of this call, and is nowhere else.
    expect(person.requests.filter((line) => line.includes(key) && !line.includes('/try-key '))).toEqual([]);
    await page.getByRole('button', { name: 'Clear' }).click();
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.cookie]),
    );
    expect(kept).not.toContain(key);
    expect(await page.content()).not.toContain(key);
    expect(page.url()).not.toContain(key);
  }, 120_000);
});

describe('the command palette', () => {
  it('finds pages, keys, applications and actions by keyboard, and gives the focus back', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    await client.createApplication({ name: 'Tides', environment: 'staging' });
    await client.issueKey(id, { name: 'Harbour collector', tags: ['eu'] });
    const page = await person.open('/dashboard');
    await signInAs(page, email);
    const palette = dialog(page, 'Search and commands');
    const search = palette.getByRole('combobox');
    const selected = palette.getByRole('option', { selected: true });

    await tabTo(page, page.getByRole('link', { name: 'API reference' }));
    await page.keyboard.press('Control+k');
    await search.fill('weather');
    expect(await selected.textContent()).toContain('Weather');
    await stage.look(page, '44-palette');
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('API reference');

    await page.keyboard.press('Control+k');
    await search.fill('weath');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /Weather/ }).waitFor();
    expect(new URL(page.url()).pathname).toContain(`/dashboard/applications/${id}`);

    await page.keyboard.press('Control+k');
    const active = await search.getAttribute('aria-activedescendant');
    expect(await selected.getAttribute('id')).toBe(active);
    await search.fill('eu');
    await palette.getByRole('option', { name: /Harbour collector/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('row', { name: /Harbour collector/ }).waitFor();

    await page.getByRole('button', { name: /^Search/ }).click();
    await search.fill('audit');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Verify' }).waitFor();

    await page.keyboard.press('Control+k');
    await search.fill('nothing of that name');
    await palette.getByText('Nothing is called').waitFor();
    await search.fill('create key');
    await page.keyboard.press('Enter');
    await dialog(page, 'Create key').getByLabel('Name').fill('From the palette');
    await page.keyboard.press('Enter');
    const shown = dialog(page, 'Your new key');
    await shown.waitFor();
    // It does not open over what is shown once.
    await page.keyboard.press('Control+k');
    expect(await palette.count()).toBe(0);
    await page.getByLabel('I have stored it').check();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.keyboard.press('Control+k');
    await search.fill('theme dark');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
  }, 120_000);
});
