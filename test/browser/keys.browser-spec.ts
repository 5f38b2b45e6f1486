import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import request from 'supertest';
import { eventually } from '../support/eventually.js';
import { AS_SERVICE } from '../support/service-key.js';
import { isInHeap, launchBrowser } from './browser.js';
import { choose, dialog, signInAs, Stage } from './stage.js';

const ROOT = join(import.meta.dirname, '../..');

let browser: Browser;
let stage: Stage;
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

async function verify(key: string, more: object = {}): Promise<string> {
  const { body } = await request(stage.app.http)
    .post('/apikey/verify')
    .set(AS_SERVICE)
    .send({ key, ...more })
    .expect(200);
  return body.code as string;
}

describe("a key's page", () => {
  it('shows how it is used, what was refused and why, and what became of it', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({
      name: 'Weather',
      scopes: ['forecast:read', 'stations:write'],
    });
    const { id: keyId, key } = await client.issueKey(id, {
      name: 'Collector of the north',
      scopes: ['forecast:read'],
      rateLimits: [{ name: 'burst', limit: 5, windowSeconds: 3600 }],
      metadata: { team: 'north' },
    });
    const verdicts: string[] = [];
    for (let count = 0; count < 6; count += 1) verdicts.push(await verify(key, { ip: '192.0.2.7' }));
    expect(verdicts.at(-1)).toBe('RATE_LIMITED');
    expect(await verify(key, { scopes: ['stations:write'] })).toBe('INSUFFICIENT_PERMISSIONS');
    await client
      .patch(`/apikey/${keyId}`)
      .send({ tags: ['eu'] })
      .expect(200);

    // Counts and refusals are written within about a second.
    await eventually(async () => {
      const { body: usage } = await client.get(`/apikey/${keyId}/usage`).expect(200);
      expect(usage.counts).toMatchObject({ VALID: 5, RATE_LIMITED: 1, INSUFFICIENT_PERMISSIONS: 1 });
      const { body: denials } = await client.get(`/apikey/${keyId}/denials`).expect(200);
      expect(denials.data).toHaveLength(2);
    });

    const page = await person.open(`/dashboard/applications/${id}/keys`);
    await signInAs(page, email);
    await page.getByRole('link', { name: 'Collector of the north' }).click();
    await page.getByRole('heading', { name: /Collector of the north/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/dashboard/applications/${id}/keys/${keyId}`);

    const refusals = page.getByRole('region', { name: 'Recent refusals' });
    const usage = page.getByRole('region', { name: 'Verifications', exact: true });
    await usage.getByText('7 verifications').waitFor();
    await refusals.getByText('It lacks stations:write.').waitFor();
    await usage.getByText('28.6% refused').waitFor();
    await refusals.getByText('burst (5 in 1 hour) was used up.').waitFor();
    await refusals.getByText('192.0.2.7').first().waitFor();
    await page.locator('.chart canvas').waitFor();
    await usage.getByText('As a table').click();
    await usage.getByRole('columnheader', { name: 'Rate limited' }).waitFor();
    await usage.getByRole('button', { name: '24 hours' }).click();
    await usage.getByRole('columnheader', { name: 'Hour' }).waitFor();

    await page.getByRole('region', { name: 'Limits and credits' }).getByText('5 per hour').waitFor();
    await page.getByRole('region', { name: 'Settings' }).getByText('"team": "north"').waitFor();
    const events = page.getByRole('region', { name: 'What was done to it' });
    await events.getByText('Created').waitFor();
    await events.getByText('tags:').waitFor();
    await stage.look(page, '20-key');
  }, 300_000);

  it('changes what is edited and nothing else, with mistakes at their fields', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({
      name: 'Weather',
      scopes: ['forecast:read', 'stations:write'],
    });
    const { id: keyId } = await client.issueKey(id, {
      name: 'Collector',
      scopes: ['forecast:read'],
      credits: { remaining: 50 },
      metadata: { team: 'north' },
    });
    const before = (await client.get(`/apikey/${keyId}`).expect(200)).body as Record<string, unknown>;
    const page = await person.open(`/dashboard/applications/${id}/keys/${keyId}`);
    await signInAs(page, email);
    await page.getByRole('button', { name: 'Edit' }).click();
    const edit = dialog(page, 'Edit key');
    await edit.getByLabel('Addresses').fill('192.0.2.0/24\nnowhere');
    await edit.getByLabel('Tags').fill('eu, north sea');
    await edit.getByRole('button', { name: 'Add a rate limit' }).click();
    await edit.getByLabel('Rate limit', { exact: true }).fill('many');
    await edit.getByRole('button', { name: 'Save' }).click();
    await edit.locator('textarea[aria-invalid=true]').waitFor();
    await edit.getByLabel('Rate limit', { exact: true }).and(page.locator('[aria-invalid=true]')).waitFor();
    await stage.look(page, '21-edit-key');
    await edit.getByLabel('Addresses').fill('192.0.2.0/24');
    await edit.getByLabel('Rate limit', { exact: true }).fill('100');
    await edit.getByLabel('stations:write').check();
    await edit.getByLabel('Expires').selectOption('30');
    // Credits are spent meanwhile: what is not touched here is not put back.
    await client.post(`/apikey/${keyId}/credits`).send({ add: -7 }).expect(200);
    await edit.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Collector is saved').waitFor();

    const { body: after } = await client.get(`/apikey/${keyId}`).expect(200);
    expect(after).toEqual({
      ...before,
      scopes: ['forecast:read', 'stations:write'],
      tags: ['eu', 'north sea'],
      ipAllowlist: ['192.0.2.0/24'],
      rateLimits: [{ name: 'per-minute', limit: 100, windowSeconds: 60, cost: 1 }],
      credits: { remaining: 43, refill: null },
      expiresAt: expect.any(String),
    });
    const settings = page.getByRole('region', { name: 'Settings' });
    await settings.getByText('north sea').waitFor();
    await settings.getByText('in 30 days').waitFor();
  }, 300_000);

  it('shows both secrets while they overlap, and ends the old one', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const { id: keyId, key: old } = await client.issueKey(id, { name: 'Collector' });
    const page = await person.open(`/dashboard/applications/${id}/keys/${keyId}`);
    await signInAs(page, email);
    await page.getByRole('button', { name: 'Rotate' }).click();
    await dialog(page, 'Rotate key').getByLabel('The old secret').selectOption('604800');
    await dialog(page, 'Rotate key').getByLabel('Count from the first use').check();
    await page.getByRole('button', { name: 'Rotate key' }).click();
    const shown = dialog(page, 'The new secret');
    const next = (await shown.getByLabel('The key', { exact: true }).textContent()) ?? '';
    await shown.getByLabel('I have stored it').check();
    await shown.getByRole('button', { name: 'Done' }).click();

    const secrets = page.getByRole('region', { name: 'Secrets' });
    await secrets.getByText('It has not been used yet.').waitFor();
    await secrets.getByText('It works until 7 days after the first use of the new one.').waitFor();
    expect(await verify(next)).toBe('VALID');
    await eventually(async () => {
      const { body } = await client.get(`/apikey/${keyId}`).expect(200);
      expect(body.secrets[0].expiresAt).not.toBeNull();
    });
    await page.reload();
    await secrets.getByText(/It stops working in (6|7) days/).waitFor();
    await secrets.getByText('Nobody has used it since it was replaced.').waitFor();
    expect(await verify(old, { ip: '192.0.2.9' })).toBe('VALID');
    await eventually(async () => {
      const { body } = await client.get(`/apikey/${keyId}`).expect(200);
      expect(body.secrets[0].lastUsedFrom).toBe('192.0.2.9');
    });
    await page.reload();
    await secrets.getByText(/Still used: last just now from 192\.0\.2\.9/).waitFor();
    await stage.look(page, '22-secrets');

    await secrets.getByRole('button', { name: /^End now:/ }).click();
    await dialog(page, 'End the old secret').getByRole('button', { name: 'End it now' }).click();
    await page.getByText('has ended. No service accepts it any more.').waitFor();
    expect(await verify(old)).toBe('REVOKED');
    expect(await verify(next)).toBe('VALID');

    await choose(page, 'Actions for Collector', 'Revoke');
    await dialog(page, 'Revoke key').getByText('It was last used').waitFor();
    await dialog(page, 'Revoke key').getByLabel('Type').fill('Collector');
    await dialog(page, 'Revoke key').getByRole('button', { name: 'Revoke key' }).click();
    await page.getByText('No secret of it works any more.').waitFor();
    expect(await page.getByRole('button', { name: 'Edit' }).count()).toBe(0);
    expect(await verify(next)).toBe('REVOKED');
  }, 300_000);

  it('is not shown of what is not there, and shows a viewer no audit events', async () => {
    const { client } = await stage.newOwner();
    const viewer = await stage.newOwner('Vic Example');
    const id = await client.createApplication({ name: 'Weather' });
    const { id: keyId } = await client.issueKey(id, { name: 'Collector' });
    await client.takeIn(id, viewer.client, 'viewer');
    const other = await client.createApplication({ name: 'Other' });
    const page = await viewer.person.open(`/dashboard/applications/${id}/keys/${keyId}`);
    await signInAs(page, viewer.email);
    await page.getByText('Your role in the application does not show you this.').waitFor();
    await page.goto(`/dashboard/applications/${id}/keys/${other}`);
    await page.getByRole('heading', { name: 'There is no such key' }).waitFor();
  }, 120_000);
});

describe('a secret that is shown once', () => {
  it('is nowhere after Done, also when the clipboard is refused and an answer was lost', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const page = await person.open(`/dashboard/applications/${id}/keys`);
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await signInAs(page, email);
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    });
    await page.getByRole('button', { name: 'Create key' }).click();
    await dialog(page, 'Create key').getByLabel('Name').fill('Collector');
    await page.getByText('More:').click();
    await dialog(page, 'Create key').getByLabel('Tags').fill('eu');
    await dialog(page, 'Create key').getByLabel('Rate limit', { exact: true }).fill('100');
    await dialog(page, 'Create key').getByLabel('Credits').fill('1000');
    await dialog(page, 'Create key').getByLabel('Filled up').selectOption('monthly');
    await dialog(page, 'Create key').getByLabel('Up to').fill('none');
    await dialog(page, 'Create key').getByRole('button', { name: 'Create key' }).click();
    await dialog(page, 'Create key').getByLabel('Credits').and(page.locator('[aria-invalid=true]')).waitFor();
    await dialog(page, 'Create key').getByLabel('Up to').fill('1000');
    await dialog(page, 'Create key').getByRole('button', { name: 'Create key' }).click();
    const shown = dialog(page, 'Your new key');
    const first = (await shown.getByLabel('The key', { exact: true }).textContent()) ?? '';
    await shown.getByRole('button', { name: 'Copy key' }).click();
    await shown.getByRole('button', { name: 'Press Ctrl-C' }).waitFor();
    expect(await page.evaluate(() => String(getSelection()))).toBe(first);
    await shown.getByLabel('I have stored it').check();
    await shown.getByRole('button', { name: 'Done' }).click();

    await page.getByRole('link', { name: 'Collector' }).click();
    await page.getByRole('button', { name: 'Rotate' }).click();
    const rotated: string[] = [];
    await page.route(
      '**/rotate',
      async (route) => {
        rotated.push(await (await route.fetch()).text());
        await route.abort();
      },
      { times: 1 },
    );
    await page.getByRole('button', { name: 'Rotate key' }).click();
    const again = dialog(page, 'The new secret');
    const next = (await again.getByLabel('The key', { exact: true }).textContent()) ?? '';
    expect(rotated).toEqual([JSON.stringify(next)]);
    await again.getByLabel('I have stored it').check();
    await again.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('region', { name: 'Secrets' }).getByText('new', { exact: true }).waitFor();

    const { body: keys } = await client.get(`/apikey?ApplicationId=${id}`).expect(200);
    expect(keys.data).toMatchObject([
      {
        tags: ['eu'],
        rateLimits: [{ name: 'per-minute', limit: 100, windowSeconds: 60 }],
        credits: { remaining: 1000, refill: { amount: 1000, interval: 'monthly', day: 1 } },
      },
    ]);
    const kept = await page.evaluate(async () =>
      JSON.stringify([
        { ...localStorage },
        { ...sessionStorage },
        history.state,
        await caches.keys(),
        await indexedDB.databases(),
      ]),
    );
    for (const secret of [first, next]) {
      expect(await verify(secret)).toBe('VALID');
      for (const place of [kept, page.url(), await page.content(), said.join()]) {
        expect(place).not.toContain(secret);
      }
      expect(person.requests.join()).not.toContain(secret);
      expect(await isInHeap(page, secret)).toBe(false);
    }
  }, 300_000);
});

describe('the table of keys', () => {
  it('is sorted by its heads, shows a month of use, and keeps both in the address', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const used = await client.issueKey(id, { name: 'Beta', expiresAt: inDays(90) });
    await client.issueKey(id, { name: 'alpha 10', expiresAt: inDays(5) });
    await client.issueKey(id, { name: 'alpha 9' });
    await verify(used.key);
    await verify(used.key, { scopes: ['a:b'] });
    await eventually(async () => {
      const { body } = await client.get(`/applications/${id}/usage/keys?ids=${used.id}`).expect(200);
      expect(body.keys[0]).toMatchObject({ valid: expect.arrayContaining([1]) });
      expect(body.keys[0]).toMatchObject({ refused: expect.arrayContaining([1]) });
    });

    const page = await person.open(`/dashboard/applications/${id}/keys`);
    await signInAs(page, email);
    await page.getByRole('img', { name: '2 verifications in 30 days, 1 refused' }).waitFor();
    const calls = person.requests.filter((line) => line.includes('/usage'));
    expect(calls).toHaveLength(1);

    const names = (): Promise<string[]> => page.locator('tbody .key-name').allTextContents();
    expect(await names()).toEqual(['alpha 9', 'alpha 10', 'Beta']);
    await page.getByRole('button', { name: 'Name' }).click();
    await page.locator('th[aria-sort=ascending]', { hasText: 'Name' }).waitFor();
    expect(await names()).toEqual(['alpha 9', 'alpha 10', 'Beta']);
    await page.getByRole('button', { name: 'Name' }).click();
    await page.locator('th[aria-sort=descending]', { hasText: 'Name' }).waitFor();
    expect(await names()).toEqual(['Beta', 'alpha 10', 'alpha 9']);
    await page.getByRole('button', { name: 'Last used' }).click();
    await page.locator('th[aria-sort=ascending]', { hasText: 'Last used' }).waitFor();
    expect((await names())[0]).toBe('Beta');
    await page.getByRole('button', { name: 'Expires' }).click();
    await page.locator('th[aria-sort=ascending]', { hasText: 'Expires' }).waitFor();
    expect(await names()).toEqual(['alpha 10', 'Beta', 'alpha 9']);
    expect(new URL(page.url()).search).toBe('?sort=expires');
    await page.reload();
    await page.locator('th[aria-sort=ascending]', { hasText: 'Expires' }).waitFor();
    await page.getByRole('img', { name: '2 verifications in 30 days, 1 refused' }).waitFor();
    await stage.look(page, '23-sorted-keys');
  }, 300_000);

  it('revokes and tags what is selected, and nothing else', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const [one, two, kept] = [
      await client.issueKey(id, { name: 'One', tags: ['old'] }),
      await client.issueKey(id, { name: 'Two' }),
      await client.issueKey(id, { name: 'Kept', tags: ['old'] }),
    ];
    await verify(two.key);
    const page = await person.open(`/dashboard/applications/${id}/keys`);
    await signInAs(page, email);
    await page.getByLabel('Select One').check();
    await page.getByLabel('Select Two').check();
    const bar = page.getByRole('region', { name: 'Selected keys' });
    await bar.getByText('2 keys selected').waitFor();
    await stage.look(page, '24-selected-keys');
    await bar.getByRole('button', { name: 'Tag' }).click();
    const tag = dialog(page, 'Tag 2 keys');
    await tag.getByLabel('Add').fill('eu, north sea');
    await tag.getByLabel('old').check();
    await stage.look(page, '25-tag-keys');
    await tag.getByRole('button', { name: 'Change tags' }).click();
    await page.getByText('The tags of 2 keys are changed.').waitFor();
    const tagsOf = async (key: { id: string }): Promise<string[]> =>
      (await client.get(`/apikey/${key.id}`).expect(200)).body.tags as string[];
    expect([await tagsOf(one), await tagsOf(two), await tagsOf(kept)]).toEqual([
      ['eu', 'north sea'],
      ['eu', 'north sea'],
      ['old'],
    ]);

    // What is filtered away is not meant.
    await page.getByLabel('Select all keys of this page').check();
    await bar.getByText('3 keys selected').waitFor();
    await page.getByLabel('Search keys').fill('north sea');
    await bar.getByText('2 keys selected').waitFor();
    await bar.getByRole('button', { name: 'Revoke' }).click();
    const revoke = dialog(page, 'Revoke 2 keys');
    await revoke.getByLabel('Type').fill('revoke 3 keys');
    expect(await revoke.getByRole('button', { name: 'Revoke 2 keys' }).isDisabled()).toBe(true);
    await stage.look(page, '26-revoke-keys');
    await revoke.getByLabel('Type').fill('revoke 2 keys');
    await revoke.getByRole('button', { name: 'Revoke 2 keys' }).click();
    await page.getByText('2 keys revoked. No service accepts them any more.').waitFor();
    expect([await verify(one.key), await verify(two.key), await verify(kept.key)]).toEqual([
      'REVOKED',
      'REVOKED',
      'VALID',
    ]);
    // They stay listed.
    await page.getByRole('row', { name: /One.*Revoked/ }).waitFor();
  }, 300_000);
});

describe('tagging many keys', () => {
  it('goes on when one is refused, says which, and stops when it is told to', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const names = Array.from({ length: 9 }, (_, at) => `Key ${at}`);
    const keys: { id: string }[] = [];
    for (const name of names) keys.push(await client.issueKey(id, { name }));
    const page = await person.open(`/dashboard/applications/${id}/keys`);
    await signInAs(page, email);
    const tag = dialog(page, 'Tag 9 keys');
    const openWith = async (text: string): Promise<void> => {
      await page.getByRole('button', { name: 'Tag' }).click();
      await tag.getByLabel('Add').fill(text);
    };
    const tagged = async (text: string): Promise<number> => {
      const { body } = await client.get(`/apikey?ApplicationId=${id}&limit=100`).expect(200);
      return (body.data as { tags: string[] }[]).filter(({ tags }) => tags.includes(text)).length;
    };
    await page.getByLabel('Select all keys of this page').check();

    const refused = `**/apikey/${keys[4]!.id}`;
    await page.route(refused, (route) =>
      route.request().method() === 'PATCH'
        ? route.fulfill({
            status: 409,
            contentType: 'application/problem+json',
            body: JSON.stringify({ code: 'edit_conflict', detail: 'Others are changing it.' }),
          })
        : route.continue(),
    );
    await openWith('eu');
    await tag.getByRole('button', { name: 'Change tags' }).click();
    await tag.getByRole('alert').getByText('1 key could not be changed. The others are.').waitFor();
    await tag.getByText('Key 4: Others are changing it.').waitFor();
    await tag.getByText('8 of 9 keys changed').waitFor();
    expect(await tagged('eu')).toBe(8);
    await stage.look(page, '29-tags-refused');
    await page.unroute(refused);
    await tag.getByRole('button', { name: 'Change tags' }).click();
    await page.getByText('The tags of 1 key are changed.').waitFor();
    expect(await tagged('eu')).toBe(9);

    // What is under way when it is stopped is done, and nothing after it.
    await page.getByLabel('Select all keys of this page').check();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/apikey/*', async (route) => {
      await held;
      await route.continue();
    });
    await openWith('north');
    await tag.getByRole('button', { name: 'Change tags' }).click();
    await tag.getByRole('progressbar', { name: 'Keys' }).waitFor();
    await tag.getByRole('button', { name: 'Stop' }).click();
    release();
    await page.getByText('Stopped: the tags of 4 of 9 keys are changed.').waitFor();
    expect(await tagged('north')).toBe(4);
    await page.unroute('**/apikey/*');
  }, 180_000);
});

describe('an import', () => {
  it('shows what it would do, does it when it is told to, and sends no key', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const [known, fresh] = ['sk_live_known_0123456789', 'sk_live_fresh_0123456789'];
    await client.importKeys(id, [known]);
    const page = await person.open(`/dashboard/applications/${id}/keys`);
    await signInAs(page, email);
    await page.getByRole('button', { name: 'Import' }).click();
    const importing = dialog(page, 'Import keys');
    await importing.getByLabel('Keys').fill(`key,nome\n${known},a`);
    await importing.getByRole('button', { name: 'Preview' }).click();
    await importing.getByText('There is no column “nome”.').waitFor();
    await importing
      .getByLabel('Keys')
      .fill(`key,name,scopes\n${known},Known,\n${fresh},"Fresh, new",not"good`);
    await importing.getByRole('button', { name: 'Preview' }).click();
    await importing.getByText('Key 2:').waitFor();
    await stage.look(page, '27-import');
    await importing
      .getByLabel('Keys')
      .fill(`key,name,scopes\n${known},Known,\n${fresh},"Fresh, new",a:b c:d`);
    await importing.getByRole('button', { name: 'Preview' }).click();
    await importing.getByText('1 would be imported; 1 is here already').waitFor();
    await importing.getByRole('row', { name: /sk_live_… Fresh, new a:b c:d new/ }).waitFor();
    await stage.look(page, '28-import-preview');
    expect(await verify(fresh)).toBe('NOT_FOUND');
    await importing.getByRole('button', { name: 'Import 1 key' }).click();
    await page.getByText('1 key is imported').waitFor();
    await page.getByRole('row', { name: /Fresh, new/ }).waitFor();
    expect(await verify(fresh, { applicationId: id, scopes: ['c:d'] })).toBe('VALID');
    expect(person.requests.join('\n')).not.toContain(fresh);
  }, 300_000);
});

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}
