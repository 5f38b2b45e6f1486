import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Response, type Test } from 'supertest';
import { describeApi } from '../../src/app.setup.js';
import { UNKNOWN_ID } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { MailServer, tokenIn } from '../support/mail-server.js';
import { OpenIdServer } from '../support/openid-provider.js';
import { PASSWORD, signIn, type SignedIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';
import { DescribedAnswers } from './described-answers.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

interface Call {
  token?: string;
  query?: Record<string, string>;
  body?: object;
  headers?: Record<string, string>;
}

let app: TestApp;
let described: DescribedAnswers;
let operations: { method: Method; path: string; operation: Record<string, unknown> }[];
let owner: SignedIn;
let mailServer: MailServer;
let provider: OpenIdServer;
beforeAll(async () => {
  mailServer = await MailServer.start();
  provider = await OpenIdServer.start();
  app = await TestApp.start({
    env: { ...provider.env, SMTP_URL: mailServer.url, MAIL_FROM: 'keys@example.com' },
  });
  const document = await describeApi();
  described = new DescribedAnswers(document);
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, object>).map(([method, operation]) => ({
      method: method as Method,
      path,
      operation: operation as Record<string, unknown>,
    })),
  );
  owner = await signIn(app);
});
afterAll(async () => {
  await app.stop();
  await mailServer.stop();
  await provider.stop();
});

/** Calls the service and checks the answer: `get /apikey/{id}`, with what stands for `{id}`. */
async function call(
  route: string,
  names: Record<string, string> = {},
  options: Call = {},
): Promise<Response> {
  const [method, path] = route.split(' ') as [Method, string];
  const url = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name]!));
  // Also what supertest would not take for text.
  let sent: Test = request(app.http)[method](url).buffer();
  if (options.token !== undefined) sent = sent.set('Authorization', `Bearer ${options.token}`);
  if (options.query !== undefined) sent = sent.query(options.query);
  if (options.headers !== undefined) sent = sent.set(options.headers);
  const answer = await (options.body === undefined ? sent : sent.send(options.body));
  described.check(method, path, answer);
  return answer;
}

function asOwner(route: string, names: Record<string, string> = {}, options: Call = {}): Promise<Response> {
  return call(route, names, { token: owner.accessToken, ...options });
}

const LIMITS = {
  rateLimits: [{ name: 'minute', limit: 1, windowSeconds: 60 }],
  credits: { remaining: 10, refill: { amount: 10, interval: 'monthly', day: 31 } },
};

describe('the answers of the service are what openapi.json says, field by field:', () => {
  it('those of the service itself', async () => {
    await call('get /health/live');
    await call('get /health/ready');
    await call('get /metrics');
    await call('get /.well-known/jwks.json');
  });

  it('those of accounts and tokens', async () => {
    const email = `${randomUUID()}@example.org`;
    const { body: tokens } = await call('post /auth/register', {}, { body: { email, password: PASSWORD } });
    await call('post /auth/register', {}, { body: { email, password: PASSWORD } });
    await call('post /auth/register', {}, { body: { email, password: 'password' } });
    await call('post /auth/login', {}, { body: { email, password: PASSWORD } });
    await call('post /auth/login', {}, { body: { email, password: `${PASSWORD}?` } });
    await call('get /auth/me', {}, { token: tokens.accessToken as string });
    const { refreshToken } = tokens as SignedIn;
    await call('post /auth/refresh', {}, { body: { refreshToken } });
    await call('post /auth/refresh', {}, { body: { refreshToken } });
    await call('post /auth/logout', {}, { body: { refreshToken } });
  });

  it('those of logins of pages of the service', async () => {
    const body = { email: `${randomUUID()}@example.org`, password: PASSWORD };
    const headers = { 'sec-fetch-site': 'same-origin' };
    await call('post /auth/browser/register', {}, { body });
    await call('post /auth/browser/register', {}, { body, headers });
    const signedIn = await call('post /auth/browser/login', {}, { body, headers });
    const cookie = String(signedIn.headers['set-cookie']).split(';', 1)[0]!;
    await call('post /auth/browser/refresh', {}, { headers: { ...headers, cookie } });
    await call('post /auth/browser/refresh', {}, { headers: { ...headers, cookie } });
    await call('post /auth/browser/logout', {}, { headers: { ...headers, cookie } });
  });

  it('those of logins at a provider', async () => {
    const headers = { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1' };
    let cookie = '';
    const at = async (name: string, body?: object): Promise<Response> => {
      const sent = { headers: { ...headers, cookie }, ...(body && { body }) };
      const answer = await call(`post /auth/browser/oidc/${name}`, {}, sent);
      if (answer.status === 200) cookie = String(answer.headers['set-cookie']).split(';', 1)[0]!;
      return answer;
    };
    const { location } = (await at('start')).body as { location: string };
    await at('finish', { response: 'code=x' });
    await at('finish', { response: provider.authorize(location) });
    await at('refresh');
    await at('logout');
    await at('refresh');
    await at('logout');
  });

  it('those of sessions, and of the end of an account', async () => {
    const { user } = await signIn(app);
    const login = { body: { email: user.email, password: PASSWORD } };
    const { body } = await call('post /auth/login', {}, login);
    const { accessToken: token } = body as SignedIn;
    const { data } = (await call('get /auth/sessions', {}, { token, query: { limit: '2' } })).body as {
      data: { id: string; current: boolean }[];
    };
    const { id } = data.find(({ current }) => !current)!;
    for (const _ of ['ended', 'not there']) await call('delete /auth/sessions/{id}', { id }, { token });
    await call('delete /auth/sessions', {}, { token });
    await call('delete /auth/me', {}, { token, body: { password: 'a wrong one' } });
    const application = await call('post /applications', {}, { token, body: { name: 'Mine' } });
    const confirmation = { token, body: { password: PASSWORD } };
    await call('delete /auth/me', {}, confirmation);
    await call('delete /applications/{id}', { id: application.body.id as string }, { token });
    await call('delete /auth/me', {}, confirmation);
    await call('get /auth/sessions', {}, { token });
  });

  it('those of passwords and emails', async () => {
    const { accessToken: token, user } = await signIn(app);
    const change = (currentPassword: string, newPassword: string): Promise<Response> =>
      call('post /auth/password', {}, { token, body: { currentPassword, newPassword } });
    await change(PASSWORD, 'password');
    await change(`${PASSWORD}?`, `${PASSWORD}!`);
    await change(PASSWORD, `${PASSWORD}!`);
    const verification = tokenIn(await mailServer.next(user.email));
    await call('post /auth/email/verification', {}, { token });
    await mailServer.next(user.email);
    await call('get /auth/me', {}, { token });
    await call('post /auth/email/verify', {}, { body: { token: verification } });
    await call('post /auth/email/verify', {}, { body: { token: verification } });
    await call('post /auth/password/forgot', {}, { body: { email: user.email } });
    const reset = { token: tokenIn(await mailServer.next(user.email)), password: PASSWORD };
    await call('post /auth/password/reset', {}, { body: reset });
    await call('post /auth/password/reset', {}, { body: reset });
    const stranger = { email: `${randomUUID()}@example.org`, password: PASSWORD, invitation: 'none' };
    await call('post /auth/register', {}, { body: stranger });
  });

  it('those of applications and their members', async () => {
    const created = await asOwner('post /applications', {}, { body: { name: 'Weather' } });
    const { id } = created.body as { id: string };
    await asOwner('get /applications', {}, { query: { limit: '1' } });
    await asOwner('get /applications/{id}', { id });
    await asOwner(
      'patch /applications/{id}',
      { id },
      { body: { scopes: ['orders:read'], description: 'Rain' } },
    );
    await asOwner('get /applications/{id}', { id });

    const { user, accessToken } = await signIn(app);
    const member = { id, subject: user.id };
    const offer = 'put /applications/{id}/members/{subject}';
    const declined = await asOwner(offer, member, { body: { role: 'viewer' } });
    const asFriend = { token: accessToken };
    await call('post /applications/offers/{offerId}/decline', { offerId: declined.body.id }, asFriend);
    const accepted = await asOwner(offer, member, { body: { role: 'viewer' } });
    await asOwner('get /applications/{id}/offers', { id });
    await call('get /applications/offers', {}, asFriend);
    await call('post /applications/offers/{offerId}/accept', { offerId: accepted.body.id }, asFriend);
    await call('post /applications/offers/{offerId}/accept', { offerId: accepted.body.id }, asFriend);
    await asOwner(offer, member, { body: { role: 'admin' } });
    await asOwner('get /applications/{id}/members', { id });
    await asOwner('delete /applications/{id}/members/{subject}', member);
    await asOwner('get /applications/{id}/audit', { id }, { query: { limit: '2' } });
    await asOwner('get /applications/{id}/audit/export', { id });
    const revokeKeys = { query: { revokeKeys: 'true' } };
    await asOwner('delete /applications/{id}/members/{subject}', member, revokeKeys);
    await asOwner('put /applications/{id}/members/{subject}', member, { body: { role: 'viewer' } });
    await asOwner('delete /applications/{id}/members/{subject}', member, revokeKeys);
    await asOwner('delete /applications/{id}/members/{subject}', { id, subject: owner.user.id });
    const transfer = await asOwner(
      'post /applications/{id}/transfer',
      { id },
      { body: { subject: user.id } },
    );
    await asOwner('delete /applications/{id}/offers/{offerId}', { id, offerId: transfer.body.id });
    await asOwner('delete /applications/{id}/offers/{offerId}', { id, offerId: transfer.body.id });
  });

  it('those of limits and credits', async () => {
    const id = await application();
    await asOwner('get /applications/{id}/limits', { id });
    await asOwner('post /applications/{id}/credits', { id }, { body: { add: 1 } });
    await asOwner('patch /applications/{id}/limits', { id }, { body: LIMITS });
    await asOwner('post /applications/{id}/credits', { id }, { body: { add: 1 } });
    const key = await issue(id, { credits: { remaining: 1 } });
    await asOwner('post /apikey/{id}/credits', { id: key.id }, { body: { set: 2 } });
  });

  it('those of policies', async () => {
    const id = await application();
    await asOwner('get /applications/{id}/policy', { id });
    const policy = { maxLifetime: 90, allowedScopes: ['orders:*'], rotateEvery: 30, onLeak: 'flag' };
    const key = await issue(id);
    await asOwner('patch /applications/{id}/policy', { id }, { body: policy });
    await asOwner('patch /apikey/{id}', { id: key.id }, { body: { scopes: ['other'] } });
    await asOwner('get /applications/{id}/hygiene', { id });
    for (const finding of ['never_expires', 'policy_violation', 'unknown']) {
      await asOwner('get /applications/{id}/hygiene/{finding}', { id, finding });
    }
    await asOwner('patch /applications/{id}/policy', { id }, { body: { maxLifetime: 0 } });
  });

  it('those of keys', async () => {
    const applicationId = await application();
    const query = { ApplicationId: applicationId };
    const { id } = await issue(applicationId, {
      ...LIMITS,
      scopes: ['orders:read'],
      expiresAt: '2035-01-01T00:00:00.000Z',
      ipAllowlist: ['203.0.113.0/24'],
      metadata: { plan: 'gold' },
      tags: ['eu'],
      externalId: 'customer-42',
    });
    await issue(applicationId);
    const sha256 = createHash('sha256').update(randomUUID()).digest('hex');
    const dryRun = { ...query, dryRun: 'true' };
    await asOwner('post /apikey/import', {}, { query: dryRun, body: { keys: [{ sha256 }] } });
    for (const _ of ['imported', 'exists']) {
      await asOwner('post /apikey/import', {}, { query, body: { keys: [{ sha256 }] } });
    }
    await asOwner('get /apikey', {}, { query: { ...query, limit: '2' } });
    await asOwner('get /apikey/{id}', { id });
    await asOwner('patch /apikey/{id}', { id }, { body: { credits: null, expiresAt: null, enabled: false } });
    await asOwner('post /apikey/{id}/rotate', { id }, { body: { overlapSeconds: 60 } });
    const details = await asOwner('get /apikey/{id}', { id });
    const [newest, older] = details.body.secrets as { id: string }[];
    await asOwner('delete /apikey/{id}/secrets/{secretId}', { id, secretId: older!.id });
    await asOwner('delete /apikey/{id}/secrets/{secretId}', { id, secretId: newest!.id });
    await asOwner('delete /apikey/{id}', { id });
    await asOwner('post /apikey/{id}/rotate', { id }, { body: {} });
    await asOwner('patch /apikey/{id}', { id }, { body: { enabled: true } });
    await asOwner('get /apikey', {}, { query: { ...query, status: 'revoked' } });
    await asOwner('post /apikey/bulk-revoke', {}, { body: { ids: [id, UNKNOWN_ID] } });
    await asOwner('delete /applications/{id}', { id: applicationId });
  });

  it('those of service keys', async () => {
    const id = await application();
    const keys = '/applications/{id}/service-keys';
    const body = { name: 'a machine', scopes: ['keys:verify'], expiresAt: '2035-01-01T00:00:00.000Z' };
    const { headers } = await asOwner(`post ${keys}`, { id }, { body });
    const names = { id, keyId: headers.location!.split('/').at(-1)! };
    await asOwner(`get ${keys}`, { id }, { query: { limit: '1' } });
    await asOwner(`patch ${keys}/{keyId}`, names, { body: { enabled: false } });
    await asOwner(`post ${keys}/{keyId}/rotate`, names, { body: { overlapSeconds: 60 } });
    await asOwner(`get ${keys}/{keyId}`, names);
    await asOwner(`delete ${keys}/{keyId}`, names);
    await asOwner(`get ${keys}/{keyId}`, names);
    await asOwner(`post ${keys}/{keyId}/rotate`, names, { body: {} });
  });

  it('those of webhooks', async () => {
    const id = await application();
    await asOwner('put /applications/{id}/notifications', { id }, { body: { mail: true } });
    await asOwner('get /applications/{id}/notifications', { id });
    const webhooks = '/applications/{id}/webhooks';
    const body = { url: 'https://127.0.0.1:1/', events: ['key.revoked'], creditsBelow: 5 };
    const created = await asOwner(`post ${webhooks}`, { id }, { body });
    const names = { id, webhookId: (created.body as { id: string }).id };
    await asOwner(`get ${webhooks}`, { id }, { query: { limit: '1' } });
    await asOwner(`get ${webhooks}/{webhookId}`, names);
    await asOwner(`post ${webhooks}/{webhookId}/rotate`, names, { body: { overlapSeconds: 60 } });
    const test = await asOwner(`post ${webhooks}/{webhookId}/test`, names);
    const deliveryId = (test.body as { id: string }).id;
    const delivery = { ...names, deliveryId };
    await asOwner(`get ${webhooks}/{webhookId}/deliveries`, names, { query: { limit: '1' } });
    await asOwner(`post ${webhooks}/{webhookId}/deliveries/{deliveryId}/resend`, delivery);
    await asOwner(`post ${webhooks}/{webhookId}/deliveries/{deliveryId}/resend`, {
      ...names,
      deliveryId: UNKNOWN_ID,
    });
    await asOwner(`patch ${webhooks}/{webhookId}`, names, { body: { enabled: false, description: 'Off' } });
    await asOwner(`post ${webhooks}/{webhookId}/test`, names);
    for (const _ of ['other webhooks', 'one too many']) {
      for (let i = 0; i < 5; i += 1) await asOwner(`post ${webhooks}`, { id }, { body });
    }
    await asOwner(`delete ${webhooks}/{webhookId}`, names);
    await asOwner(`get ${webhooks}/{webhookId}`, names);
  });

  it('those of verification, whatever the verdict', async () => {
    const applicationId = await application();
    await asOwner(
      'patch /applications/{id}/limits',
      { id: applicationId },
      { body: { credits: { remaining: 100 } } },
    );
    const plain = await issue(applicationId, { expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    const metered = await issue(applicationId, { ...LIMITS, externalId: 'customer-42' });
    const poor = await issue(applicationId, { credits: { remaining: 0, refill: LIMITS.credits.refill } });
    const bound = await issue(applicationId, { ipAllowlist: ['203.0.113.0/24'] });
    const disabled = await issue(applicationId);
    await asOwner('patch /apikey/{id}', { id: disabled.id }, { body: { enabled: false } });
    const revoked = await issue(applicationId);
    await asOwner('delete /apikey/{id}', { id: revoked.id });
    const replaced = await issue(applicationId);
    await asOwner('post /apikey/{id}/rotate', { id: replaced.id }, { body: { overlapSeconds: 60 } });

    const asService = { headers: AS_SERVICE };
    const questions = [
      [{ key: plain.key }, 'VALID'],
      [{ key: replaced.key }, 'VALID'],
      [{ key: metered.key }, 'VALID'],
      [{ key: metered.key }, 'RATE_LIMITED'],
      [{ key: poor.key }, 'USAGE_EXCEEDED'],
      [{ key: bound.key, ip: '192.0.2.1' }, 'FORBIDDEN'],
      [{ key: plain.key, scopes: ['orders:read'] }, 'INSUFFICIENT_PERMISSIONS'],
      [{ key: disabled.key }, 'DISABLED'],
      [{ key: revoked.key }, 'REVOKED'],
      [{ key: 'unknown' }, 'NOT_FOUND'],
    ] as const;
    for (const [body, code] of questions) {
      const { body: verdict } = await call('post /apikey/verify', {}, { ...asService, body });
      expect(verdict.code).toBe(code);
    }
    const keys = questions.map(([question]) => question);
    await call('post /apikey/verify/batch', {}, { ...asService, body: { keys } });
    for (const [{ key }] of questions)
      await call('get /apikey/verify', {}, { headers: { ...AS_GATEWAY, 'x-api-key': key } });
    await call(
      'get /apikey/verify',
      {},
      { headers: { ...AS_GATEWAY, 'x-api-key': plain.key }, query: { scopes: 'orders:read' } },
    );
  });

  it('those of usage and of denials', async () => {
    const applicationId = await application();
    const key = await issue(applicationId, {
      scopes: ['orders:read'],
      rateLimits: LIMITS.rateLimits,
      tags: ['eu'],
    });
    const poor = await issue(applicationId, { credits: { remaining: 0, refill: LIMITS.credits.refill } });
    for (const body of [
      { key: key.key, ip: '192.0.2.1' },
      { key: key.key },
      { key: key.key, scopes: ['orders:write'] },
      { key: poor.key },
      { key: 'unknown', applicationId },
    ]) {
      await call('post /apikey/verify', {}, { headers: AS_SERVICE, body });
    }
    await eventually(async () => {
      const denials = await asOwner('get /applications/{id}/denials', { id: applicationId });
      expect(denials.body.data).toHaveLength(4);
    });
    await asOwner('get /apikey/{id}/denials', { id: key.id }, { query: { limit: '1' } });
    await asOwner('get /apikey/{id}/usage', { id: key.id }, { query: { granularity: 'hour' } });
    await asOwner('get /applications/{id}/usage', { id: applicationId });
    await asOwner('get /applications/{id}/usage', { id: applicationId }, { query: { groupBy: 'tag' } });
    const ids = `${key.id},${poor.id}`;
    await asOwner('get /applications/{id}/usage/keys', { id: applicationId }, { query: { ids } });
    await asOwner('get /apikey/{id}/usage', { id: key.id }, { query: { to: '2090-01-01T00:00:00Z' } });
  });

  it('those to whoever tries a key', async () => {
    const applicationId = await application();
    const key = await issue(applicationId, LIMITS);
    for (const body of [{ key: key.key, scopes: ['orders:write'], cost: 2 }, { key: 'unknown' }])
      await asOwner('post /applications/{id}/try-key', { id: applicationId }, { body });
  });

  it('those to whoever holds a key', async () => {
    const held = await issue(await application(), { ...LIMITS, rateLimits: [] });
    for (const { key } of [held, await issue(await application(), LIMITS)]) {
      await call('get /apikey/self', {}, { headers: { 'x-api-key': key } });
      await call('delete /apikey/self', {}, { headers: { 'x-api-key': key } });
      await call('post /leaks/report', {}, { body: { keys: [key] } });
    }
  });

  it('those of calls that are refused', async () => {
    const stranger = await signIn(app);
    const readOnly = await signIn(app, { scope: 'applications:read' });
    const id = await application();
    const key = await issue(id);
    for (const { method, path, operation } of operations) {
      const route = `${method} ${path}`;
      const names = {
        id: path.startsWith('/apikey') ? key.id : id,
        subject: stranger.user.id,
        secretId: UNKNOWN_ID,
        keyId: UNKNOWN_ID,
        offerId: UNKNOWN_ID,
      };
      const body = operation.requestBody === undefined ? undefined : { body: { unheard: 'of' } };
      const query = path === '/apikey' || path === '/apikey/import' ? { query: { ApplicationId: id } } : {};
      await call(route, names, { query: { unheard: 'of' } });
      await call(route, names, { ...query, ...body });
      for (const { accessToken } of [owner, stranger, readOnly]) {
        await call(route, names, { ...query, ...body, token: accessToken });
      }
      await call(route, { ...names, id: UNKNOWN_ID }, { ...query, ...body, token: stranger.accessToken });
      await call(route, { ...names, id: 'no-uuid' }, { ...query, ...body, token: stranger.accessToken });
      if (body === undefined) continue;
      await call(route, names, { ...query, token: owner.accessToken, body: { key: 'x'.repeat(2 ** 21) } });
    }
  });

  it('and no success of any operation was left out', () => {
    const successes = operations.flatMap(({ operation }) =>
      Object.keys(operation.responses as object)
        .filter((status) => status.startsWith('2'))
        .map((status) => `${operation.operationId as string} ${status}`),
    );
    expect(successes.filter((success) => !described.seen.has(success))).toEqual([]);
  });
});

async function application(): Promise<string> {
  const { body } = await asOwner('post /applications', {}, { body: { name: 'Weather' } });
  return (body as { id: string }).id;
}

async function issue(applicationId: string, body: object = {}): Promise<{ id: string; key: string }> {
  const answer = await asOwner('post /apikey', {}, { query: { ApplicationId: applicationId }, body });
  return { id: answer.headers.location!.split('/').at(-1)!, key: answer.body as string };
}
