import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { buildDashboard, launchBrowser } from './browser.js';
import { dialog, signInAs, Stage, tabTo } from './stage.js';

const SOURCES = join(import.meta.dirname, '../../web/src');

interface Opening {
  path: string;
  /** What is ticked first. */
  before?: string;
  button: string | RegExp;
  /** Where the button opens a menu. */
  item?: string;
  title: string;
  /** The component. */
  of: string;
}

/** Every dialog that can be left, with the page it is on and what opens it there. */
const DIALOGS: readonly Opening[] = [
  { path: '', button: 'New application', title: 'New application', of: 'ApplicationDialog' },
  {
    path: '/applications/:id',
    button: 'Actions for Weather',
    item: 'Edit application',
    title: 'Edit application',
    of: 'ApplicationDialog',
  },
  {
    path: '/applications/:id',
    button: 'Actions for Weather',
    item: 'Delete application',
    title: 'Delete application',
    of: 'DeleteApplicationDialog',
  },
  { path: '/applications/:id/keys', button: 'Create key', title: 'Create key', of: 'CreateKeyDialog' },
  { path: '/applications/:id/keys', button: 'Import', title: 'Import keys', of: 'ImportKeysDialog' },
  {
    path: '/applications/:id/keys',
    button: 'Actions for Collector',
    item: 'Rotate …',
    title: 'Rotate key',
    of: 'RotateKeyDialog',
  },
  {
    path: '/applications/:id/keys',
    button: 'Actions for Collector',
    item: 'Revoke …',
    title: 'Revoke key',
    of: 'RevokeKeyDialog',
  },
  {
    path: '/applications/:id/keys',
    before: 'Select Collector',
    button: 'Tag …',
    title: 'Tag 1 key',
    of: 'TagKeysDialog',
  },
  {
    path: '/applications/:id/keys',
    before: 'Select Collector',
    button: 'Revoke …',
    title: 'Revoke 1 key',
    of: 'RevokeKeysDialog',
  },
  { path: '/applications/:id/keys/:keyId', button: 'Edit', title: 'Edit key', of: 'EditKeyDialog' },
  { path: '/applications/:id/keys/:keyId', button: 'Rotate', title: 'Rotate key', of: 'RotateKeyDialog' },
  {
    path: '/applications/:id/keys/:keyId',
    button: 'Actions for Collector',
    item: 'Revoke …',
    title: 'Revoke key',
    of: 'RevokeKeyDialog',
  },
  {
    path: '/applications/:id/keys/:rotatedId',
    button: /^End now: /,
    title: 'End the old secret',
    of: 'EndSecretDialog',
  },
  {
    path: '/applications/:id/service-keys',
    button: 'Create service key',
    title: 'Create service key',
    of: 'ServiceKeyDialog',
  },
  {
    path: '/applications/:id/service-keys',
    button: 'Actions for a machine',
    item: 'Edit',
    title: 'Edit service key',
    of: 'ServiceKeyDialog',
  },
  {
    path: '/applications/:id/service-keys',
    button: 'Actions for a machine',
    item: 'Rotate',
    title: 'Rotate service key',
    of: 'RotateServiceKeyDialog',
  },
  {
    path: '/applications/:id/service-keys',
    button: 'Actions for a machine',
    item: 'Revoke',
    title: 'Revoke service key',
    of: 'RevokeServiceKeyDialog',
  },
  { path: '/applications/:id/webhooks', button: 'Add webhook', title: 'Add webhook', of: 'WebhookDialog' },
  {
    path: '/applications/:id/webhooks',
    button: 'Actions for hooks.example.com',
    item: 'Edit …',
    title: 'Edit webhook',
    of: 'WebhookDialog',
  },
  {
    path: '/applications/:id/webhooks',
    button: 'Actions for hooks.example.com',
    item: 'Rotate secret …',
    title: 'Rotate secret',
    of: 'RotateWebhookDialog',
  },
  {
    path: '/applications/:id/webhooks',
    button: 'Actions for hooks.example.com',
    item: 'Delete …',
    title: 'Delete webhook',
    of: 'DeleteWebhookDialog',
  },
  { path: '/applications/:id/hygiene', button: 'Edit policy', title: 'Edit policy', of: 'PolicyDialog' },
  { path: '/applications/:id/members', button: 'Add a member', title: 'Add a member', of: 'OfferDialog' },
  {
    path: '/applications/:id/members',
    button: 'Hand on ownership',
    title: 'Hand on ownership',
    of: 'OfferDialog',
  },
  {
    path: '/applications/:id/members',
    button: 'Leave the application',
    title: 'Leave Weather',
    of: 'RemoveMemberDialog',
  },
  { path: '/account', button: 'Delete account', title: 'Delete your account', of: 'DeleteAccountDialog' },
];

/** Shows a secret, and is left in its own way: see the last test. */
const SHOWN_ONCE = 'SecretDialog';

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

/** Opens it as somebody without a pointer does. Returns the button, which is to have the focus in the end. */
async function openByKeyboard(page: Page, { before, button, item }: Opening): Promise<Locator> {
  if (before !== undefined) {
    const box = page.getByLabel(before);
    await tabTo(page, box);
    if (!(await box.isChecked())) await page.keyboard.press('Space');
  }
  const opener = page.getByRole('button', { name: button, exact: true });
  await opener.waitFor();
  await tabTo(page, opener);
  await page.keyboard.press('Enter');
  if (item !== undefined) {
    const choice = page.getByRole('menuitem', { name: item, exact: true });
    await choice.waitFor();
    for (let presses = 0; presses < 8 && !(await isFocused(choice)); presses += 1) {
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
  }
  return opener;
}

const isFocused = (control: Locator): Promise<boolean> =>
  control.evaluate((element) => element === document.activeElement);

/** The place of what is in focus among the controls of a dialog in the order of the page; -1 when it is outside. */
const placeOfFocus = (shown: Locator) =>
  shown.evaluate((element) => {
    const controls = [
      ...element.querySelectorAll<HTMLElement>(
        'a[href], button, input, select, textarea, summary, [tabindex="0"]',
      ),
    ].filter((one) => !one.matches(':disabled') && one.checkVisibility());
    const { activeElement } = document;
    const fields = controls.filter((control) =>
      control.matches('input:not([type=checkbox]), select, textarea'),
    );
    const isOutside = activeElement !== document.body && !element.contains(activeElement);
    return {
      at: controls.indexOf(activeElement as HTMLElement),
      of: controls.length,
      isOutside,
      hasFields: fields.length > 0,
      isField: fields.indexOf(activeElement as HTMLElement) === 0,
    };
  });

/** Somebody who is signed in, and how to open each dialog. */
async function visitor(): Promise<{ page: Page; open: (one: Opening) => Promise<[Locator, Locator]> }> {
  const { person, client, email } = await stage.newOwner();
  const id = await client.createApplication({ name: 'Weather', scopes: ['forecast:read'] });
  const { id: keyId } = await client.issueKey(id, { name: 'Collector', tags: ['eu'] });
  const { id: rotatedId } = await client.issueKey(id, { name: 'Rotated' });
  await client.post(`/apikey/${rotatedId}/rotate`).send({ overlapSeconds: 86_400 }).expect(200);
  await client.issueServiceKey(id);
  await client
    .post(`/applications/${id}/webhooks`)
    .send({ url: 'https://hooks.example.com/weather', events: ['*'] })
    .expect(201);
  const page = await person.open('/dashboard');
  await signInAs(page, email);
  const addressOf = (path: string): string =>
    `/dashboard${path.replace(':id', id).replace(':keyId', keyId).replace(':rotatedId', rotatedId)}`;
  return {
    page,
    open: async (one) => {
      const path = addressOf(one.path);
      if (new URL(page.url()).pathname !== path) await page.goto(path);
      const opener = await openByKeyboard(page, one);
      const shown = dialog(page, one.title);
      await shown.waitFor();
      return [shown, opener];
    },
  };
}

/** The components that are a dialog, by the names of their functions. */
function dialogsInSources(): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.tsx') && !path.startsWith('components'),
  );
  return files.flatMap((path) => {
    const functions = readFileSync(join(SOURCES, path), 'utf8').split(/^(?:export )?function /m);
    return functions
      .filter((text) => /<(Dialog|ConfirmByName)\s/.test(text))
      .map((text) => /^\w+/.exec(text)?.[0] ?? path);
  });
}

describe('every dialog', () => {
  it('is among those that are tried here', () => {
    const tried = new Set([...DIALOGS.map((one) => one.of), SHOWN_ONCE]);
    expect(dialogsInSources().sort()).toEqual([...tried].sort());
  });

  it('has no fault in either colour, in narrow windows and wide ones', async () => {
    const { page, open } = await visitor();
    const looked = new Set<string>();
    for (const one of DIALOGS) {
      if (looked.has(one.title)) continue;
      looked.add(one.title);
      const [shown] = await open(one);
      await stage.look(page, `dialog-${one.title.toLowerCase().replaceAll(' ', '-')}`);
      await page.keyboard.press('Escape');
      await shown.waitFor({ state: 'detached' });
    }
  }, 300_000);

  it('is opened, walked through and left by keyboard alone, and gives the focus back', async () => {
    const { page, open } = await visitor();
    for (const one of DIALOGS) {
      const [shown, opener] = await open(one);
      const first = await placeOfFocus(shown);
      // In the first field, where it has one, for who goes on typing.
      expect([one.title, first.at >= 0, first.isField]).toEqual([one.title, true, first.hasFields]);

      // Once around: each control in its turn, the browser's own in between, and nothing of the page behind it.
      const turns: number[] = [];
      for (let presses = 0; presses <= first.of; presses += 1) {
        await page.keyboard.press('Tab');
        const { at, isOutside } = await placeOfFocus(shown);
        expect([one.title, isOutside]).toEqual([one.title, false]);
        if (at >= 0) turns.push(at);
      }
      const inOrder = turns.map((_, turn) => (first.at + 1 + turn) % first.of);
      expect([one.title, turns]).toEqual([one.title, inOrder]);

      await page.keyboard.press('Escape');
      await shown.waitFor({ state: 'detached' });
      expect([one.title, await isFocused(opener)]).toEqual([one.title, true]);
    }
  }, 240_000);

  it('that shows a secret is left by saying that it is stored, and in no other way', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    await client.issueKey(id, { name: 'Collector' });
    const page = await person.open(`/dashboard/applications/${id}/keys`);
    await signInAs(page, email);
    const create = page.getByRole('button', { name: 'Create key', exact: true });
    await tabTo(page, create);
    await page.keyboard.press('Enter');
    await dialog(page, 'Create key').getByLabel('Name').waitFor();
    await page.keyboard.type('By keyboard');
    await page.keyboard.press('Enter');
    const shown = dialog(page, 'Your new key');
    await shown.waitFor();
    for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press('Escape');
    expect(await shown.isVisible()).toBe(true);
    await tabTo(page, shown.getByLabel('I have stored it'));
    await page.keyboard.press('Space');
    await tabTo(page, shown.getByRole('button', { name: 'Done' }));
    await page.keyboard.press('Enter');
    await shown.waitFor({ state: 'detached' });
    expect(await isFocused(create)).toBe(true);
  }, 60_000);
});
