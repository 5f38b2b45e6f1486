import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Browser } from 'playwright-core';
import request from 'supertest';
import { AccountAdministration } from '../../src/modules/auth/index.js';
import { systemActor } from '../../src/shared/actor.js';
import { MailServer } from '../support/mail-server.js';
import { PASSWORD } from '../support/sign-in.js';
import { buildDashboard, launchBrowser } from './browser.js';
import { signInAs, Stage } from './stage.js';

const OPERATOR = systemActor('operator');
const NEW_PASSWORD = 'seven herons in the fog';

let browser: Browser;
let mails: MailServer;
let stage: Stage;
beforeAll(async () => {
  await buildDashboard();
  browser = await launchBrowser();
  mails = await MailServer.start();
  stage = await Stage.set(browser, {
    env: {
      LOCAL_ACCOUNTS: 'invite',
      SMTP_URL: `${mails.url}?requireTLS=false`,
      MAIL_FROM: 'keys@example.com',
      MAIL_LINK_URL: 'http://127.0.0.1:1/dashboard/link',
    },
  });
}, 300_000);
afterAll(async () => {
  await browser.close();
  await stage.strike();
  await mails.stop();
});
afterEach(() => stage.clear());

const administration = (): AccountAdministration => stage.app.nest.get(AccountAdministration);

async function invited(email: string): Promise<string> {
  return (await administration().invite(OPERATOR, email)).reveal();
}

/** Somebody who was invited and has an account. */
async function newMember(): Promise<string> {
  const email = `${randomUUID()}@example.org`;
  await request(stage.app.http)
    .post('/auth/register')
    .send({ email, password: PASSWORD, invitation: await invited(email) })
    .expect(201);
  return email;
}

describe('where accounts are by invitation', () => {
  it('no account is offered, and an invitation makes one', async () => {
    const email = `${randomUUID()}@example.org`;
    const token = await invited(email);
    const person = await stage.newPerson();
    const page = await person.open('/dashboard');
    await page.getByText('Accounts are by invitation').waitFor();
    expect(await page.getByRole('button', { name: 'Create an account' }).count()).toBe(0);
    await stage.look(page, '20-sign-in-invite');

    await page.goto(`/dashboard/link#invitation=${token}`);
    await page.getByRole('heading', { name: 'You are invited' }).waitFor();
    // The token is in no place where it would be found again.
    await page.waitForFunction(() => location.hash === '');
    expect(await page.evaluate(() => JSON.stringify([history.state, { ...localStorage }]))).not.toContain(
      token,
    );
    await page.getByLabel('Email').fill('somebody-else@example.org');
    await page.getByLabel('Password').fill(NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('not for this email').waitFor();
    await stage.look(page, '21-invitation');
    await page.getByLabel('Email').fill(email);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Create your first application' }).waitFor();

    await page.goto('/dashboard/link#invitation=');
    await page.getByRole('heading', { name: 'not whole' }).waitFor();
    expect(person.requests.filter((one) => one.split(' ')[0]!.includes(token))).toEqual([]);
  }, 120_000);

  it('a forgotten password is replaced by the link of a mail, which works once', async () => {
    const email = await newMember();
    const person = await stage.newPerson();
    const page = await person.open('/dashboard');
    await page.getByRole('link', { name: 'Forgotten your password?' }).click();
    await page.getByLabel('Email').fill(email);
    await stage.look(page, '22-forgot-password');
    await page.keyboard.press('Enter');
    await page.getByText('a mail with a link is on its way').waitFor();

    const { text } = await mails
      .next(email)
      .then((mail) => (mail.text.includes('#reset=') ? mail : mails.next(email)));
    const [, path = ''] = /http:\/\/127\.0\.0\.1:1(\/dashboard\/link#reset=\S+)/.exec(text) ?? [];
    await page.goto(path);
    await page.getByLabel('New password').fill('short');
    await page.keyboard.press('Enter');
    await page.locator('input[name=new-password][aria-invalid=true]').waitFor();
    await stage.look(page, '23-reset-password');
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your password is set' }).waitFor();
    await page.getByRole('link', { name: 'Go on' }).click();
    await signInAs(page, email, NEW_PASSWORD);

    await page.goto(path);
    await page.getByLabel('New password').fill('eight herons in the fog');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('used already').waitFor();
  }, 120_000);

  it('an email is verified when its owner says so, and not by whoever looks into mails', async () => {
    const email = await newMember();
    const person = await stage.newPerson();
    const { text } = await mails.next(email);
    const [, path = ''] = /http:\/\/127\.0\.0\.1:1(\/dashboard\/link#verify=\S+)/.exec(text) ?? [];
    const page = await person.open(path);
    const asked = person.requests.length;
    await stage.look(page, '24-verify-email');
    expect(person.requests.slice(asked).join('\n')).not.toContain('/auth/email/verify');
    await page.getByRole('button', { name: 'Yes, it is mine' }).click();
    await page.getByRole('heading', { name: 'Your email is verified' }).waitFor();
  }, 120_000);
});

describe('where there are no accounts', () => {
  it('no password is asked for', async () => {
    const without = await Stage.set(browser, {
      database: stage.app.database,
      env: { LOCAL_ACCOUNTS: 'off' },
    });
    try {
      const person = await without.newPerson();
      const page = await person.open('/dashboard');
      await page.getByText('There are no accounts here').waitFor();
      expect(await page.getByLabel('Password').count()).toBe(0);
      await without.clear();
    } finally {
      await without.strike();
    }
  }, 60_000);
});
