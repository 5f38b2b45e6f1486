import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { buildDashboard, launchBrowser } from './browser.js';
import { dialog, signInAs, Stage } from './stage.js';

let browser: Browser;
let stage: Stage;
beforeAll(async () => {
  await buildDashboard();
  browser = await launchBrowser();
  stage = await Stage.set(browser);
}, 300_000);
afterAll(async () => {
  await browser.close();
  await stage.strike();
});
afterEach(() => stage.clear());

it('a policy is set on the page of hygiene, which names what breaks it', async () => {
  const { person, client, email } = await stage.newOwner();
  const applicationId = await client.createApplication({
    name: 'Shop',
    scopes: ['orders:read', 'refunds:write'],
  });
  await client.issueKey(applicationId, { name: 'for ever', scopes: ['refunds:write'] });
  const page = await person.open(`/dashboard/applications/${applicationId}/hygiene`);
  await signInAs(page, email);
  await page.getByRole('heading', { name: 'Never expires.' }).waitFor();
  await page.getByText('NHI7:2025 Long-Lived Secrets').waitFor();

  await page.getByRole('button', { name: 'Edit policy' }).click();
  const policy = dialog(page, 'Edit policy');
  await policy.getByLabel('Longest lifetime, in days').fill('many');
  await policy.getByRole('button', { name: 'Save policy' }).click();
  await policy.getByText(/integer/).waitFor();
  await policy.getByLabel('Longest lifetime, in days').fill('45');
  await policy.getByLabel('Keys may have these scopes alone').check();
  await policy.getByLabel('Scopes allowed').fill('orders:*');
  await stage.look(page, 'policy-dialog');
  await policy.getByRole('button', { name: 'Save policy' }).click();
  await page.getByText('Saved. 1 key breaks it, and goes on working: see below.').waitFor();
  await page.getByRole('heading', { name: 'Breaks the policy of the application.' }).waitFor();
  await page.getByText('45 days').waitFor();
  await stage.look(page, 'hygiene');

  await page.getByRole('link', { name: 'for ever' }).first().click();
  await page.getByRole('row', { name: /for ever/ }).waitFor();
  const { body } = await client.get(`/applications/${applicationId}/hygiene/policy_violation`).expect(200);
  expect(body.data.map(({ name }: { name: string }) => name)).toEqual(['for ever']);
}, 60_000);
