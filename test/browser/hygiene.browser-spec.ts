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
  await page.getByRole('heading', { name: 'Never expires' }).waitFor();
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
  await page.getByRole('heading', { name: 'Breaks the policy of the application' }).waitFor();
  await page.getByText('45 days').waitFor();
  await stage.look(page, 'hygiene');

  await page.getByRole('link', { name: 'for ever' }).first().click();
  await page.getByRole('row', { name: /for ever/ }).waitFor();
  const { body } = await client.get(`/applications/${applicationId}/hygiene/policy_violation`).expect(200);
  expect(body.data.map(({ name }: { name: string }) => name)).toEqual(['for ever']);
}, 60_000);

it('the page of hygiene says whether service keys are among those that it counts', async () => {
  const owner = await stage.newOwner();
  const viewer = await stage.newOwner('Ben Example');
  const id = await owner.client.createApplication();
  await owner.client.takeIn(id, viewer.client, 'viewer');
  await owner.client.issueKey(id);
  await owner.client.issueServiceKey(id);
  const page = await owner.person.open(`/dashboard/applications/${id}/hygiene`);
  await signInAs(page, owner.email);
  await page.getByText('Of the 2 keys that work, service keys among them.').waitFor();
  const theirs = await viewer.person.open(`/dashboard/applications/${id}/hygiene`);
  await signInAs(theirs, viewer.email);
  await theirs.getByText('Of the key that works.').waitFor();
}, 60_000);

it('the page of hygiene names the webhooks of people who have left', async () => {
  const { person, client, email } = await stage.newOwner();
  const applicationId = await client.createApplication({ name: 'Shop' });
  const leaver = (await stage.newOwner()).client;
  await client.takeIn(applicationId, leaver, 'admin');
  await leaver
    .post(`/applications/${applicationId}/webhooks`)
    .send({ url: 'https://hooks.example.com/x', description: 'Left behind' })
    .expect(201);
  await client.delete(`/applications/${applicationId}/members/${leaver.userId}`).expect(204);
  const page = await person.open(`/dashboard/applications/${applicationId}/hygiene`);
  await signInAs(page, email);
  await page.getByRole('heading', { name: 'Was made by somebody who is no member any more.' }).waitFor();
  await page.getByText('Left behind').waitFor();
  await page.getByRole('link', { name: 'hooks.example.com' }).click();
  await page
    .getByRole('row', { name: 'hooks.example.com' })
    .getByText(`by …${leaver.userId.slice(-6)}`)
    .waitFor();
}, 60_000);

it('the policy is told before a key is created, and offers what it allows', async () => {
  const { person, client, email } = await stage.newOwner();
  const applicationId = await client.createApplication({
    name: 'Shop',
    scopes: ['orders:read', 'orders:write', 'refunds:write'],
  });
  await client
    .patch(`/applications/${applicationId}/policy`)
    .send({ maxLifetime: 45, requireIpAllowlist: true, allowedScopes: ['orders:*'] })
    .expect(200);
  const page = await person.open(`/dashboard/applications/${applicationId}/keys`);
  await signInAs(page, email);
  await page.getByRole('button', { name: 'Create key' }).click();
  const create = dialog(page, 'Create key');
  await create
    .getByText('a key expires within 45 days, is bound to addresses, and has no other scopes than orders:*.')
    .waitFor();
  expect(await create.getByLabel('Expires').locator('option').allTextContents()).toEqual([
    'In 7 days',
    'In 30 days',
    'In 45 days, the longest',
    'On a day …',
  ]);
  expect(await create.getByLabel('Expires').inputValue()).toBe('longest');
  expect(await create.locator('.scopes code').allTextContents()).toEqual(['orders:read', 'orders:write']);
  await create.getByRole('button', { name: 'Read only' }).click();
  expect(await create.getByLabel('orders:read').isChecked()).toBe(true);
  const addresses = create.getByRole('textbox', { name: 'Addresses it may be used from (required)' });
  expect(await addresses.getAttribute('required')).not.toBeNull();
  await stage.look(page, 'create-key-under-policy');

  // What the service refuses stands at its field all the same.
  await create.getByLabel('Name').fill('obedient');
  await create.getByRole('button', { name: 'Create key' }).click();
  await addresses.and(page.locator('[aria-invalid=true]')).waitFor();
  await create.getByText('Breaks the rule requireIpAllowlist').waitFor();
  await addresses.fill('192.0.2.0/24');
  await create.getByRole('button', { name: 'Create key' }).click();
  await dialog(page, 'Your new key').waitFor();
  const { body } = await client.get(`/apikey?ApplicationId=${applicationId}`).expect(200);
  expect(body.data).toMatchObject([
    { name: 'obedient', scopes: ['orders:read'], ipAllowlist: ['192.0.2.0/24'] },
  ]);
}, 60_000);

it('the policy is told before a key is changed, and what the key has already is kept', async () => {
  const { person, client, email } = await stage.newOwner();
  const applicationId = await client.createApplication({
    name: 'Shop',
    scopes: ['orders:read', 'orders:write', 'refunds:write'],
  });
  const { id } = await client.issueKey(applicationId, { name: 'for ever', scopes: ['refunds:write'] });
  await client
    .patch(`/applications/${applicationId}/policy`)
    .send({ maxLifetime: 45, requireIpAllowlist: true, allowedScopes: ['orders:*'] })
    .expect(200);
  const page = await person.open(`/dashboard/applications/${applicationId}/keys/${id}`);
  await signInAs(page, email);
  await page.getByRole('button', { name: 'Edit' }).click();
  const edit = dialog(page, 'Edit key');
  await edit
    .getByText('a key expires within 45 days, is bound to addresses, and has no other scopes than orders:*.')
    .waitFor();
  const expires = edit.getByLabel('Expires');
  expect(await expires.locator('option').allTextContents()).toEqual([
    'As it is',
    'In 7 days',
    'In 30 days',
    'In 45 days, the longest',
    'On a day …',
  ]);
  expect(await edit.locator('.scopes code').allTextContents()).toEqual([
    'orders:read',
    'orders:write',
    'refunds:write',
  ]);
  await edit.getByRole('textbox', { name: 'Addresses it may be used from (required)' }).waitFor();
  await stage.look(page, 'edit-key-under-policy');
  await expires.selectOption('longest');
  await edit.getByRole('button', { name: 'Save' }).click();
  await page.getByText('for ever is saved').waitFor();
  const { body } = await client.get(`/apikey/${id}`).expect(200);
  expect(Date.parse(body.expiresAt) - Date.parse(body.createdAt)).toBe(45 * 86_400_000);
}, 60_000);

it('an expiry is required of a new key without a longest lifetime, too', async () => {
  const { person, client, email } = await stage.newOwner();
  const applicationId = await client.createApplication({ name: 'Shop' });
  await client.patch(`/applications/${applicationId}/policy`).send({ requireExpiry: true }).expect(200);
  const page = await person.open(`/dashboard/applications/${applicationId}/keys`);
  await signInAs(page, email);
  await page.getByRole('button', { name: 'Create key' }).click();
  const create = dialog(page, 'Create key');
  await create.getByText('The policy of this application: a key expires.').waitFor();
  const expires = create.getByLabel('Expires');
  expect(await expires.inputValue()).toBe('90');
  expect(await expires.locator('option').allTextContents()).toEqual([
    'In 7 days',
    'In 30 days',
    'In 90 days',
    'In 1 year',
    'On a day …',
  ]);
}, 60_000);
