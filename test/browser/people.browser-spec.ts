import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import request from 'supertest';
import { verify } from '../support/builders.js';
import { PASSWORD } from '../support/sign-in.js';
import { buildDashboard, launchBrowser } from './browser.js';
import { choose, dialog, signInAs, Stage, tabTo } from './stage.js';

const NEW_PASSWORD = 'seven herons in the fog';

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

describe('the account page', () => {
  it('ends sessions, changes the password and deletes the account, by keyboard', async () => {
    const { person, client, email } = await stage.newOwner();
    const application = await client.createApplication({ name: 'Weather' });
    const login = (): request.Test =>
      request(stage.app.http)
        .post('/auth/login')
        .set('User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')
        .send({ email, password: PASSWORD })
        .expect(200);
    const firefox = (await login()).body as { accessToken: string };
    const page = await person.open('/dashboard');
    await signInAs(page, email);
    await choose(page, 'Your account', 'Account and sessions');
    await page.getByText('Firefox on Linux').waitFor();
    expect(await page.getByText(client.userId).count()).toBe(1);
    await stage.look(page, '30-account');

    const me = (): request.Test =>
      request(stage.app.http).get('/auth/me').set('Authorization', `Bearer ${firefox.accessToken}`);
    await me().expect(200);
    await tabTo(page, page.getByRole('button', { name: 'End the session of Firefox on Linux' }));
    await page.keyboard.press('Enter');
    await page.getByText('The session of Firefox on Linux is ended').waitFor();
    await me().expect(401);

    const before = (await login()).body as { accessToken: string };
    await page.getByLabel('Current password').fill('not the password');
    await page.getByLabel('New password').fill(NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('That is not your password').waitFor();
    await page.getByLabel('Current password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('Your password is changed').waitFor();
    await request(stage.app.http)
      .get('/auth/me')
      .set('Authorization', `Bearer ${before.accessToken}`)
      .expect(401);

    // What stands in the way is named, and nothing is deleted.
    await tabTo(page, page.getByRole('button', { name: 'Delete account' }));
    await page.keyboard.press('Enter');
    const deletion = dialog(page, 'Delete your account');
    await deletion.getByLabel('Your password').fill(NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await deletion.getByRole('alert').getByText(application).waitFor();
    await stage.look(page, '31-delete-account');
    await page.keyboard.press('Escape');
    await deletion.waitFor({ state: 'detached' });
    const { body } = await request(stage.app.http)
      .post('/auth/login')
      .send({ email, password: NEW_PASSWORD })
      .expect(200);
    await request(stage.app.http)
      .delete(`/applications/${application}`)
      .set('Authorization', `Bearer ${(body as { accessToken: string }).accessToken}`)
      .expect(204);
    await page.getByRole('button', { name: 'Delete account' }).click();
    await deletion.getByLabel('Your password').fill(NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('Your account is deleted').waitFor();
    await request(stage.app.http).post('/auth/login').send({ email, password: NEW_PASSWORD }).expect(401);
  }, 180_000);
});

describe('a tab that was in the background', () => {
  it('is brought up to date when somebody looks at it again', async () => {
    const { person, client, email } = await stage.newOwner();
    await client.createApplication({ name: 'Weather' });
    const page = await person.open('/dashboard/sign-in');
    await page.clock.install();
    await page.goto('/dashboard');
    await signInAs(page, email);
    await page.getByRole('link', { name: 'Weather' }).waitFor();
    await client.createApplication({ name: 'Tides' });
    await page.clock.fastForward('01:00');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await page.getByRole('link', { name: 'Tides' }).waitFor();
  }, 60_000);
});

describe('the members of an application', () => {
  it('are offered a part, accept it, change roles, and go with their keys', async () => {
    const ann = await stage.newOwner('Ann Example');
    const bob = await stage.newOwner('Bob Example');
    const id = await ann.client.createApplication({ name: 'Weather' });
    const page = await ann.person.open(`/dashboard/applications/${id}/members`);
    await signInAs(page, ann.email);
    await page.getByText('No offer is open').waitFor();

    await tabTo(page, page.getByRole('button', { name: 'Add a member' }));
    await page.keyboard.press('Enter');
    const adding = dialog(page, 'Add a member');
    await adding.getByLabel('Their id').fill('019b76da-a800-7000-8000-00000000dead');
    await page.keyboard.press('Enter');
    await adding.getByText('Nobody has this id here').waitFor();
    await stage.look(page, '32-add-member');
    await adding.getByLabel('Their id').fill(bob.client.userId);
    await adding.getByLabel('Role').selectOption('admin');
    await adding.getByRole('button', { name: 'Make the offer' }).click();
    await page.getByRole('button', { name: `Withdraw the offer to ${bob.client.userId}` }).waitFor();
    await stage.look(page, '33-members');

    // Withdrawn, it is gone; made again, it is accepted.
    await page.getByRole('button', { name: 'Withdraw the offer' }).click();
    await page.getByText('No offer is open').waitFor();
    expect((await bob.client.get('/applications/offers')).body.data).toEqual([]);
    await bob.client.get(`/applications/${id}`).expect(403);
    await ann.client
      .put(`/applications/${id}/members/${bob.client.userId}`)
      .send({ role: 'admin' })
      .expect(202);
    const his = await bob.person.open('/dashboard');
    await signInAs(his, bob.email);
    await his.getByRole('heading', { name: 'An offer to you' }).waitFor();
    await his.getByText('The owners and admins will see your email.').waitFor();
    await stage.look(his, '34-own-offers');
    await his.getByRole('button', { name: 'Accept the offer of Weather' }).click();
    await his.getByText('You are a member of Weather').waitFor();

    const { key } = await bob.client.issueKey(id, { name: 'Of Bob' });
    // What he has done stands under his email, for those who may see it, with his id beside it.
    await page.goto(`/dashboard/applications/${id}/keys`);
    await page.getByRole('row', { name: `by ${bob.email}` }).waitFor();
    await page.goto(`/dashboard/applications/${id}/audit`);
    await page.getByRole('button', { name: bob.email }).first().click();
    await page.getByRole('button', { name: `By ${bob.email}` }).waitFor();
    await page.goto(`/dashboard/applications/${id}/members`);
    expect(await page.getByText(bob.email, { exact: true }).getAttribute('title')).toBe(bob.client.userId);
    await page.getByLabel(`Role of ${bob.email}`).selectOption('viewer');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The role is viewer now').waitFor();
    await bob.client.post(`/apikey?ApplicationId=${id}`).expect(403);
    await page.getByLabel(`Role of ${bob.email}`).selectOption('admin');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The role is admin now').waitFor();

    await page.getByRole('button', { name: `Remove ${bob.email}` }).click();
    await dialog(page, 'Remove member').getByLabel('Revoke the keys').check();
    await stage.look(page, '35-remove-member');
    await dialog(page, 'Remove member').getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('1 key is revoked').waitFor();
    expect((await verify(stage.app, key)).code).toBe('REVOKED');

    // The last owner cannot leave, and is told why.
    await page.getByRole('button', { name: 'Leave the application' }).click();
    await dialog(page, 'Leave Weather').getByRole('button', { name: 'Leave' }).click();
    await dialog(page, 'Leave Weather').getByRole('alert').getByText('owner').waitFor();
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'Hand on ownership' }).click();
    await dialog(page, 'Hand on ownership').getByLabel('Their id').fill(bob.client.userId);
    await page.keyboard.press('Enter');
    await page.getByText('Ownership is handed on').waitFor();
    await his.goto('/dashboard');
    await his.getByRole('button', { name: 'Decline the offer of Weather' }).click();
    await his.getByText('The offer is declined').waitFor();
    await ann.client.post(`/applications/${id}/transfer`).send({ subject: bob.client.userId }).expect(202);
    await his.reload();
    await his.getByRole('button', { name: 'Accept the offer of Weather' }).click();
    await his.getByText('Weather is yours').waitFor();
    expect((await bob.client.get(`/applications/${id}`)).body.ownerId).toBe(bob.client.userId);
  }, 180_000);
});
