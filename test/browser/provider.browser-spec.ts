import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';
import type { Browser, Page } from 'playwright-core';
import { buildDashboard, launchBrowser, type Person } from './browser.js';
import { choose, Stage } from './stage.js';

const RESOURCE = 'https://keys.example.com/';
const SCOPES = 'applications:read applications:write apikeys:read apikeys:write';
const CLIENT = { id: 'dashboard', secret: 'a secret of the dashboard alone' };

let browser: Browser;
let stage: Stage;
let provider: Provider;
let server: Server;
let issuer: string;
/** By the names of people. */
const grants = new Map<string, string[]>();
beforeAll(async () => {
  await buildDashboard();
  browser = await launchBrowser();
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Another site than the service's: what comes from there brings no cookie of `SameSite=Strict` along.
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  stage = await Stage.set(browser, {
    env: {
      LOCAL_ACCOUNTS: 'off',
      JWT_ISSUERS: JSON.stringify([
        { issuer, audience: RESOURCE, jwksUrl: `${issuer}/jwks`, algorithms: ['RS256'] },
      ]),
      DASHBOARD_OIDC_ISSUER: issuer,
      DASHBOARD_OIDC_CLIENT_ID: CLIENT.id,
      DASHBOARD_OIDC_CLIENT_SECRET: CLIENT.secret,
      DASHBOARD_OIDC_SCOPES: `openid profile email offline_access ${SCOPES}`,
      DASHBOARD_OIDC_PARAMETERS: `resource=${encodeURIComponent(RESOURCE)}&prompt=consent`,
    },
  });
  provider = new Provider(issuer, configuration());
  const answer = provider.callback();
  server.on('request', (request, reply) => void answer(request, reply));
  provider.on('grant.success', ({ oidc: { entities } }) => {
    const { accountId, jti } = entities.Grant ?? {};
    if (accountId !== undefined && jti !== undefined)
      grants.set(accountId, [...(grants.get(accountId) ?? []), jti]);
  });
}, 300_000);
afterAll(async () => {
  await browser.close();
  await stage.strike();
  server.closeAllConnections();
  server.close();
});
afterEach(() => stage.clear());

function configuration(): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${stage.url}/dashboard/callback`],
        post_logout_redirect_uris: [`${stage.url}/dashboard/sign-in`],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
    conformIdTokenClaims: false,
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    // Access tokens that are short enough to be replaced before the next click.
    ttl: { AccessToken: 31 },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.org`, name: 'Ann Example' }),
    }),
    features: {
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: SCOPES,
          audience: RESOURCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 31,
        }),
      },
    },
  };
}

/** On the provider's own pages. */
async function signInThere(page: Page, name: string): Promise<void> {
  await page.waitForURL(`${issuer}/**`);
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL(`${stage.url}/**`);
}

async function newPage(path: string): Promise<{ person: Person; page: Page }> {
  const person = await stage.newPerson();
  // The provider's pages would fetch a font.
  await person.context.route('https://**', (route) => route.abort());
  return { person, page: await person.open(path) };
}

describe('with a provider of OpenID Connect', () => {
  it('people sign in there, manage their keys here, and sign out of both', async () => {
    const { person, page } = await newPage('/dashboard/account');
    const proceed = page.getByRole('button', { name: `Continue with ${new URL(issuer).host}` });
    await proceed.waitFor();
    expect(await page.getByLabel('Password').count()).toBe(0);
    await stage.look(page, '40-provider');
    await proceed.click();
    await signInThere(page, 'ann');

    // Where they wanted to go, and as whom.
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    await page.locator('dd').getByText('ann@example.org').waitFor();
    expect(new URL(page.url()).search).toBe('');
    await stage.look(page, '41-account-at-provider');
    await page.goto('/dashboard');
    await page.getByRole('button', { name: 'New application' }).click();
    await page.getByLabel('Name').fill('Weather');
    await page.getByRole('button', { name: 'Create application' }).click();
    await page.getByRole('heading', { name: 'No keys yet' }).waitFor();

    // Nothing of the provider's is where a script could find it, but the access token that is in use.
    const cookies = await person.context.cookies(`${stage.url}/auth/browser/oidc/refresh`);
    expect(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite])).toContainEqual([
      'upblit_federated',
      true,
      'Strict',
    ]);
    expect(
      await page.evaluate(() =>
        JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, history.state]),
      ),
    ).not.toMatch(/eyJ|code=/);

    const tab = await person.open('/dashboard');
    await tab.getByRole('link', { name: 'Weather' }).waitFor();
    await choose(page, 'Your account', 'Sign out');
    await page.waitForURL(`${issuer}/**`);
    await tab.getByText('You are signed out').waitFor();
    await page.locator('button[name=logout]').click();
    await page.waitForURL(`${stage.url}/dashboard/sign-in*`);
    await page.getByRole('button', { name: 'Continue with' }).click();
    await page.waitForURL(`${issuer}/**`);
    await page.locator('input[name=login]').waitFor();
  }, 180_000);

  it('a session that ends there says so, and goes on at the same page', async () => {
    const { page } = await newPage('/dashboard');
    await page.getByRole('button', { name: 'Continue with' }).click();
    await signInThere(page, 'bob');
    await page.getByRole('button', { name: 'New application' }).click();
    await page.getByLabel('Name').fill('Tides');
    await page.getByRole('button', { name: 'Create application' }).click();
    await page.getByRole('heading', { name: 'No keys yet' }).waitFor();
    const { href, pathname: path } = new URL(page.url());

    // Nobody is to notice before the page is opened again.
    await page.goto('about:blank');
    // As an administrator there would end it.
    const refreshed = once(provider, 'grant.error');
    await endGrantsOf('bob');
    await page.goto(href);
    await refreshed;
    await page.getByText('Your session has ended').waitFor();
    await page.getByRole('button', { name: 'Continue with' }).click();
    await page.waitForURL(`${issuer}/**`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'No keys yet' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
  }, 180_000);

  it('who stops there is told so here', async () => {
    const { page } = await newPage('/dashboard');
    await page.getByRole('button', { name: 'Continue with' }).click();
    await page.waitForURL(`${issuer}/**`);
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.waitForURL(`${stage.url}/**`);
    await page.getByRole('alert').getByText('has not let you in').waitFor();
    await stage.look(page, '42-not-signed-in');
    await page.getByRole('link', { name: 'To the sign-in page' }).click();
    await page.getByRole('button', { name: 'Continue with' }).waitFor();
  }, 120_000);
});

/** Revokes what the provider has granted to the dashboard for somebody. */
async function endGrantsOf(name: string): Promise<void> {
  for (const id of grants.get(name) ?? []) await provider.RefreshToken.revokeByGrantId(id);
}
