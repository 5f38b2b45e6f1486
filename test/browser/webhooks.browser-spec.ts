import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../support/eventually.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { buildDashboard, isInHeap, launchBrowser } from './browser.js';
import { choose, dialog, signInAs, Stage } from './stage.js';

let browser: Browser;
let stage: Stage;
let receiver: WebhookReceiver;
beforeAll(async () => {
  await buildDashboard();
  browser = await launchBrowser();
  receiver = await WebhookReceiver.start();
  stage = await Stage.set(browser, { env: { WEBHOOK_ALLOW_PRIVATE: 'true' } });
}, 300_000);
afterAll(async () => {
  await browser.close();
  await stage.strike();
  await receiver.stop();
});
afterEach(() => stage.clear());

describe('the webhooks of an application', () => {
  it('are added with a secret that is shown once, tested, rotated, looked at and deleted', async () => {
    const { person, client, email } = await stage.newOwner();
    const id = await client.createApplication({ name: 'Weather' });
    const page = await person.open('/dashboard/');
    await signInAs(page, email);
    await page.goto(`/dashboard/applications/${id}/keys`);
    await page.getByRole('link', { name: 'Webhooks' }).click();
    await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();
    await stage.look(page, '60-no-webhooks');

    // Mails are asked for there, too.
    const mails = page.getByRole('region', { name: 'Mails to you' });
    const mailMe = mails.getByLabel(/^Mail me/);
    expect(await mailMe.isChecked()).toBe(false);
    await mails.getByText('This service sends no mails yet.').waitFor();
    await mailMe.check();
    await page.getByText('You will be mailed.').waitFor();
    expect((await client.get(`/applications/${id}/notifications`).expect(200)).body.mail).toBe(true);
    await page.reload();
    await eventually(async () => {
      expect(await mailMe.isChecked()).toBe(true);
    });
    await mailMe.uncheck();
    await page.getByText('You will be mailed no more.').waitFor();
    expect((await client.get(`/applications/${id}/notifications`).expect(200)).body.mail).toBe(false);

    await page.getByRole('button', { name: 'Add webhook' }).click();
    const add = dialog(page, 'Add webhook');
    await add.getByLabel('URL').fill('ftp://hooks.example.com/');
    await add.getByRole('button', { name: 'Add webhook' }).click();
    await add.getByText('must begin with').waitFor();
    await add.getByLabel('URL').fill(receiver.url('/weather'));
    await add.getByLabel('Everything, also what there will be later').uncheck();
    await add.getByLabel('Members: everything').check();
    await stage.look(page, '61-add-webhook');
    await add.getByRole('button', { name: 'Add webhook' }).click();

    const shown = dialog(page, 'The secret of the webhook');
    const secret = (await shown.getByRole('textbox', { name: 'The secret' }).textContent()) ?? '';
    expect(secret).toMatch(/^whsec_/);
    await stage.look(page, '62-secret-of-a-webhook');
    await shown.getByLabel('I have stored it').check();
    await shown.getByRole('button', { name: 'Done' }).click();
    await shown.waitFor({ state: 'detached' });
    expect(await isInHeap(page, secret.slice('whsec_'.length))).toBe(false);

    const host = `127.0.0.1:${receiver.port}`;
    receiver.answer = (response) => {
      response.writeHead(500).end();
    };
    await choose(page, `Actions for ${host}`, 'Send test event');
    const deliveries = page.getByRole('region', { name: `Deliveries to ${host}` });
    await deliveries.getByText('500 Refused').waitFor();
    await page.getByRole('row', { name: host }).getByText('by you').waitFor();
    await stage.look(page, '63-webhooks');
    receiver.answer = (response) => {
      response.writeHead(204).end();
    };
    await deliveries.getByRole('button', { name: /^Send again: webhook\.test/ }).click();
    await deliveries.getByText('Delivered').last().waitFor();
    const received = await receiver.wait('/weather', 2);
    for (const { body, headers } of received) {
      new Webhook(secret).verify(body, headers as Record<string, string>);
    }

    await choose(page, `Actions for ${host}`, 'Rotate secret …');
    await stage.look(page, '64-rotate-the-secret-of-a-webhook');
    await dialog(page, 'Rotate secret').getByRole('button', { name: 'Rotate secret' }).click();
    const rotated = dialog(page, 'The new secret');
    expect(await rotated.getByRole('textbox', { name: 'The secret' }).textContent()).not.toBe(secret);
    await rotated.getByLabel('I have stored it').check();
    await rotated.getByRole('button', { name: 'Done' }).click();

    await choose(page, `Actions for ${host}`, 'Disable');
    await page.getByText('Nothing is sent to it.').waitFor();
    await choose(page, `Actions for ${host}`, 'Delete …');
    const remove = dialog(page, 'Delete webhook');
    await stage.look(page, '65-delete-webhook');
    await remove.getByLabel(`Type “${host}” to confirm`).fill(host);
    await remove.getByRole('button', { name: 'Delete webhook' }).click();
    await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();
    await eventually(async () => {
      const { body } = await client.get(`/applications/${id}/webhooks`).expect(200);
      expect(body.data).toEqual([]);
    });
  }, 120_000);
});
