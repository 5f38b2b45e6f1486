import { createHash } from 'node:crypto';
import { tokenIn, type MailServer } from '../support/mail-server.js';
import type { OpenIdServer } from '../support/openid-provider.js';
import { alphanumeric, random, type Recorder } from './recorder.js';

const EMAIL = 'someone@example.org';

interface Friend {
  accessToken: string;
  refreshToken: string;
  user: { id: string };
}

/** What people and services do with this service in a day on which all goes well: every operation, once at least. */
export async function goWell(service: Recorder, mails: MailServer, provider: OpenIdServer): Promise<void> {
  await comeAndLeave(service);
  const friendsPassword = service.keep("friend's password", `a long talk ${random()}`);
  await service.signIn('friend', '/auth/register', {
    email: 'friend@example.org',
    password: friendsPassword,
  });
  const password = service.keep('password', `a long walk ${random()}`);
  await service.signIn('register', '/auth/register', { email: EMAIL, password, name: 'Someone' });
  const { refreshToken } = await service.signIn('login', '/auth/login', { email: EMAIL, password });
  await service.signIn('refresh', '/auth/refresh', { refreshToken });
  await service.call('/auth/me');
  await useBrowser(service);
  await useProvider(service, provider);
  const friend = await readMails(service, mails);
  await service.signIn('login after the mails', '/auth/login', { email: EMAIL, password });
  const newPassword = service.keep('new password', `a long run ${random()}`);
  await service.call('/auth/password', { body: { currentPassword: password, newPassword } });
  await service.signIn('login with the new password', '/auth/login', { email: EMAIL, password: newPassword });

  await tellReceivers(service, await createApplication(service));
  await useKeys(service, await createApplication(service));
  await askTwice(service, await createApplication(service));
  await shareAndTransfer(service, friend);
  await endWithKeys(service);

  for (const path of ['/metrics', '/health/ready', '/health/live', '/.well-known/jwks.json']) {
    await service.call(path);
  }
  await service.call('/auth/logout', { body: { refreshToken: friend.refreshToken } });
}

/** What a page of the service does, whose refresh tokens are in a cookie. */
async function useBrowser(service: Recorder): Promise<void> {
  const account = {
    email: 'browser@example.org',
    password: service.keep('password in a browser', `a long ride ${random()}`),
  };
  let cookie = '';
  const call = async (name: string, body?: Record<string, string>): Promise<void> => {
    const headers = { 'sec-fetch-site': 'same-origin', cookie };
    const answer = await service.call(`/auth/browser/${name}`, {
      method: 'POST',
      headers,
      handsOut: true,
      ...(body && { body }),
    });
    if (name === 'logout') return;
    const { accessToken } = JSON.parse(answer.text) as { accessToken: string };
    service.keep(`access token of ${name} in a browser`, accessToken);
    [cookie = ''] = answer.cookie.split(';');
    service.keep(`refresh token of ${name} in a browser`, cookie.replace('upblit_session=', ''));
  };
  await call('register', account);
  await call('login', account);
  await call('refresh');
  await call('logout');
}

/** What a page of the service does for somebody who has their account at a provider. */
async function useProvider(service: Recorder, provider: OpenIdServer): Promise<void> {
  let cookie = '';
  const call = async (name: string, body?: Record<string, string>): Promise<string> => {
    const headers = { 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1', cookie };
    const answer = await service.call(`/auth/browser/oidc/${name}`, {
      method: 'POST',
      headers,
      handsOut: name !== 'logout',
      ...(body && { body }),
    });
    [cookie = ''] = answer.cookie.split(';');
    const [, sealed = ''] = cookie.split('=');
    if (sealed !== '') service.keep(`sealed cookie of ${name} at the provider`, sealed);
    return answer.text;
  };
  const { location } = JSON.parse(await call('start')) as { location: string };
  const response = provider.authorize(location);
  // The page that the provider leads back to: the code is in its address, whether or not it has been built.
  await service.call(`/dashboard/callback?${response}`, { isWrong: true });
  await call('finish', { response });
  await call('refresh');
  await call('logout');
  for (const [at, secret] of provider.handedOut.entries()) service.keep(`no. ${at} of the provider`, secret);
}

/** Somebody who sees to their sessions, and deletes their account. */
async function comeAndLeave(service: Recorder): Promise<void> {
  const password = service.keep("leaver's password", `a long way ${random()}`);
  const account = { email: 'leaver@example.org', password };
  await service.signIn('leaver', '/auth/register', account);
  // What a client calls itself is kept, and shown to its person.
  for (const kind of ['live', 'service', 'rt']) {
    const name = service.keep(`name of a client, as ${kind}`, `upblit_${kind}_${alphanumeric(43)}`);
    await service.signIn(`leaver as ${kind}`, '/auth/login', account, { 'user-agent': `curl ${name}` });
  }
  const { text } = await service.call('/auth/sessions');
  const { data } = JSON.parse(text) as { data: { id: string; current: boolean }[] };
  for (const { id } of data.filter(({ current }) => !current)) {
    await service.call(`/auth/sessions/${id}`, { method: 'DELETE' });
  }
  await service.call('/auth/sessions', { method: 'DELETE' });
  await service.call('/auth/me', { method: 'DELETE', body: { password } });
}

/** What is asked for by mail, and done with the tokens of the mails. Returns the friend, who has another password now. */
async function readMails(service: Recorder, mails: MailServer): Promise<Friend> {
  const token = async (name: string): Promise<string> => service.keep(name, tokenIn(await mails.next(EMAIL)));
  const first = await token('token of the first mail');
  await service.call('/auth/email/verification', { method: 'POST' });
  await service.call('/auth/email/verify', { body: { token: await token('token to verify') } });
  await service.call('/auth/email/verify', { body: { token: first } });
  const forgetful = 'friend@example.org';
  await service.call('/auth/password/forgot', { body: { email: forgetful } });
  await mails.next(forgetful);
  const reset = service.keep('token to reset', tokenIn(await mails.next(forgetful)));
  const password = service.keep("friend's new password", `a long pause ${random()}`);
  await service.call('/auth/password/reset', { body: { token: reset, password } });
  return service.signIn('friend after the reset', '/auth/login', { email: forgetful, password });
}

/** Somebody has events sent to a receiver that does not answer. */
async function tellReceivers(service: Recorder, application: string): Promise<void> {
  const webhooks = `/applications/${application}/webhooks`;
  const url = 'https://127.0.0.1:1/hook';
  const created = await service.call(webhooks, { body: { url }, handsOut: true });
  service.keep('secret of a webhook', (JSON.parse(created.text) as { secret: string }).secret);
  const path = created.location;
  const rotated = await service.call(`${path}/rotate`, { body: {}, handsOut: true });
  service.keep('rotated secret of a webhook', (JSON.parse(rotated.text) as { secret: string }).secret);
  await service.call(`/applications/${application}/notifications`);
  await service.call(`/applications/${application}/notifications`, { method: 'PUT', body: { mail: true } });
  await service.call(webhooks);
  await service.call(path);
  const { text } = await service.call(`${path}/test`, { method: 'POST' });
  await service.call(`${path}/deliveries`);
  await service.call(`${path}/deliveries/${(JSON.parse(text) as { id: string }).id}/resend`, {
    method: 'POST',
  });
  const key = await issue(service, 'key that a receiver is told of', application, {});
  await service.call(key.path, { method: 'DELETE' });
  await service.call(path, { method: 'PATCH', body: { description: 'Does not answer.' } });
  await service.call(path, { method: 'DELETE' });
}

async function useKeys(service: Recorder, application: string): Promise<void> {
  await manageServiceKeys(service, application);
  const key = await issue(service, 'key', application, { scopes: ['a:read'], metadata: { team: 'red' } });
  await verifyInEveryWay(service, key.secret);
  await service.call(`/apikey?ApplicationId=${application}`);
  const body = { key: key.secret, scopes: ['a:read'], ip: '192.0.2.1' };
  await service.call(`/applications/${application}/try-key`, { body });

  const rotated = await service.call(`${key.path}/rotate`, {
    body: { overlapSeconds: 3600 },
    handsOut: true,
  });
  const newSecret = service.keep('rotated key', JSON.parse(rotated.text) as string);
  await verifyInEveryWay(service, newSecret);
  const details = await service.call(key.path);
  const { secrets } = JSON.parse(details.text) as { secrets: { id: string }[] };
  for (const { id } of secrets) {
    await service.call(`${key.path}/secrets/${id}`, { method: 'DELETE', isWrong: true });
  }
  await verify(service, key.secret);
  await service.call(key.path, { method: 'PATCH', body: { name: 'renamed', enabled: false } });
  await verify(service, newSecret);

  await limitAndRepeat(service, application);
  await bringAlong(service, application);
  const another = await issue(service, 'another key', application, { environment: 'test' });
  await service.call(another.path, { method: 'DELETE' });
  await verify(service, another.secret);
  for (const path of [key.path, `/applications/${application}`]) {
    await service.call(`${path}/usage`);
    await service.call(`${path}/denials`);
  }
  await service.call(`/applications/${application}/usage/keys?ids=${key.path.split('/').at(-1) ?? ''}`);
}

/** The last of them verifies from then on. */
async function manageServiceKeys(service: Recorder, application: string): Promise<void> {
  const path = `/applications/${application}/service-keys`;
  for (const name of ['service key', 'another service key']) {
    const body = { name, scopes: ['keys:verify'] };
    const issued = await service.call(path, { body, handsOut: true });
    service.keep(name, JSON.parse(issued.text) as string);
    const { location } = issued;
    const rotated = await service.call(`${location}/rotate`, { body: {}, handsOut: true });
    service.serveAs(service.keep(`rotated ${name}`, JSON.parse(rotated.text) as string));
    await service.call(location, { method: 'PATCH', body: { name: `the ${name}` } });
    await service.call(location);
    if (name === 'service key') await service.call(location, { method: 'DELETE' });
  }
  await service.call(path);
}

/** Calls that are repeated, whose answers are kept, sealed, for that. */
async function askTwice(service: Recorder, application: string): Promise<void> {
  const headers = { 'idempotency-key': service.keep('idempotency key', random()) };
  const twice = async (name: string, path: string): Promise<string> => {
    const first = await service.call(path, { method: 'POST', headers, handsOut: true });
    const again = await service.call(path, { method: 'POST', headers, handsOut: true });
    if (again.text !== first.text) throw new Error(`The second ${path} was answered otherwise`);
    service.keep(name, JSON.parse(first.text) as string);
    return first.location;
  };
  const key = await twice('key that was asked for twice', `/apikey?ApplicationId=${application}`);
  await twice('secret that was asked for twice', `${key}/rotate`);
}

/** What limits and counts a key; and asking for one twice, for which the service keeps it, sealed by what is sent. */
async function limitAndRepeat(service: Recorder, application: string): Promise<void> {
  const limits = {
    rateLimits: [{ name: 'burst', limit: 10, windowSeconds: 60 }],
    credits: { remaining: 10 },
  };
  const path = `/applications/${application}`;
  await service.call(`${path}/limits`, { method: 'PATCH', body: limits });
  await service.call(`${path}/limits`);
  await service.call(`${path}/policy`, { method: 'PATCH', body: { onLeak: 'disable' } });
  await service.call(`${path}/policy`);
  await service.call(`${path}/hygiene`);
  await service.call(`${path}/hygiene/never_expires`);
  await service.call(`${path}/credits`, { body: { add: 5 } });

  const idempotencyKey = service.keep('Idempotency-Key', random());
  const key = await issue(service, 'repeated key', application, limits, {
    'idempotency-key': idempotencyKey,
  });
  const again = await issue(service, 'repeated key', application, limits, {
    'idempotency-key': idempotencyKey,
  });
  if (again.path !== key.path) throw new Error('The repeated call has issued another key.');
  await service.call(`${key.path}/credits`, { body: { set: 5 } });
  await verifyInEveryWay(service, key.secret);
  await service.call('/apikey/self', { headers: { 'x-api-key': key.secret } });
  await service.call('/apikey/self', { method: 'DELETE', headers: { 'x-api-key': key.secret } });
  await service.call('/apikey/bulk-revoke', { body: { ids: [key.path.replace('/apikey/', '')] } });
  await verify(service, key.secret);
}

/** A key from elsewhere: the service sees its SHA-256 first, and the key itself when it is used. */
async function bringAlong(service: Recorder, application: string): Promise<void> {
  const key = service.keep('imported key', `sk_live_${random()}`);
  const sha256 = createHash('sha256').update(key).digest('hex');
  await service.call(`/apikey/import?ApplicationId=${application}`, { body: { keys: [{ sha256 }] } });
  await verify(service, key);
  await service.call('/leaks/report', { body: { keys: [key] } });
}

async function shareAndTransfer(service: Recorder, friend: Friend): Promise<void> {
  const path = `/applications/${await createApplication(service)}`;
  await service.call('/applications');
  await service.call(path);
  await service.call(path, { method: 'PATCH', body: { description: null } });
  await service.call(`${path}/members`);
  const { id } = friend.user;
  const headers = { authorization: `Bearer ${friend.accessToken}` };
  const offer = async (): Promise<string> => {
    const { text } = await service.call(`${path}/members/${id}`, { method: 'PUT', body: { role: 'viewer' } });
    return (JSON.parse(text) as { id: string }).id;
  };
  await service.call(`/applications/offers/${await offer()}/decline`, { method: 'POST', headers });
  const accepted = await offer();
  await service.call('/applications/offers', { headers });
  await service.call(`/applications/offers/${accepted}/accept`, { method: 'POST', headers });
  await service.call(`${path}/members/${id}`, { method: 'DELETE' });
  await service.call(`${path}/audit`);
  await service.call(`${path}/audit/export`);
  const { text } = await service.call(`${path}/transfer`, { body: { subject: id } });
  await service.call(`${path}/offers`);
  const transfer = JSON.parse(text) as { id: string };
  await service.call(`${path}/offers/${transfer.id}`, { method: 'DELETE' });
}

async function endWithKeys(service: Recorder): Promise<void> {
  const application = await createApplication(service);
  const { secret } = await issue(service, 'key of a deleted application', application, {});
  await service.call(`/applications/${application}`, { method: 'DELETE' });
  await verify(service, secret);
}

async function createApplication(service: Recorder): Promise<string> {
  const { text } = await service.call('/applications', { body: { name: 'Leaky' } });
  return (JSON.parse(text) as { id: string }).id;
}

async function issue(
  service: Recorder,
  name: string,
  application: string,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<{ path: string; secret: string }> {
  const path = `/apikey?ApplicationId=${application}`;
  const answer = await service.call(path, { body, headers, handsOut: true });
  return { path: answer.location, secret: service.keep(name, JSON.parse(answer.text) as string) };
}

async function verifyInEveryWay(service: Recorder, key: string): Promise<void> {
  await verify(service, key);
  await service.call('/apikey/verify/batch', { body: { keys: [{ key }, { key, scopes: ['a:write'] }] } });
  await service.call('/apikey/verify', { headers: { 'x-api-key': key } });
  await service.call('/apikey/verify', { headers: { authorization: `Bearer ${key}` } });
}

async function verify(service: Recorder, key: string): Promise<void> {
  await service.call('/apikey/verify', { body: { key } });
}

/**
 * Wrong secrets, and right ones where they do not belong. What is made up for it is kept under the name of the
 * `time`: it can be done again.
 */
export async function goWrong(service: Recorder, time: string): Promise<void> {
  const wrong: Recorder['call'] = (path, call) => service.call(path, { ...call, isWrong: true });
  const { password, key, 'access token of login': accessToken } = service.secrets;
  const wrongPassword = service.keep(`wrong password, ${time}`, `a short walk ${random()}`);
  const madeUp = {
    key: `upblit_live_${alphanumeric(36)}`,
    'service key': `upblit_service_${alphanumeric(36)}`,
    'refresh token': `upblit_rt_${alphanumeric(43)}`,
    'one-time token': `upblit_ot_${alphanumeric(43)}`,
    'access token': `eyJhbGciOiJub25lIn0.${alphanumeric(60)}.${alphanumeric(86)}`,
  };
  for (const [kind, secret] of Object.entries(madeUp)) service.keep(`${kind} of nobody, ${time}`, secret);

  await wrong('/auth/login', { body: { email: EMAIL, password: wrongPassword } });
  await wrong('/auth/login', { body: { email: EMAIL, password, unknown: wrongPassword } });
  await wrong('/auth/login', { body: { email: EMAIL, password: [wrongPassword] } });
  await wrong('/auth/login', { body: `{"email": "x", "password": "${wrongPassword}` });
  await wrong('/auth/login', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `email=x&password=${encodeURIComponent(wrongPassword)}`,
  });
  await wrong(`/auth/login?password=${encodeURIComponent(wrongPassword)}`, { body: {} });
  await wrong('/auth/register', { body: { email: EMAIL, password } });
  await wrong('/auth/register', { body: { email: EMAIL, password: wrongPassword.repeat(10) } });
  const refreshTokens = [service.secrets['refresh token of login'], madeUp['refresh token'], accessToken];
  for (const refreshToken of refreshTokens) {
    await wrong('/auth/refresh', { body: { refreshToken } });
    await wrong('/auth/logout', { body: { refreshToken } });
  }

  const token = madeUp['one-time token'];
  await wrong('/auth/register', {
    body: { email: 'x@example.org', password: wrongPassword, invitation: token },
  });
  await wrong('/auth/password/reset', { body: { token, password: wrongPassword } });
  await wrong('/auth/email/verify', { body: { token } });
  await wrong('/auth/password', { body: { currentPassword: wrongPassword, newPassword: wrongPassword } });

  for (const secret of [key, ...Object.values(madeUp)].filter((one) => one !== undefined)) {
    const encoded = encodeURIComponent(`key=${secret}`);
    await wrong('/apikey/verify', { body: { key: secret } });
    await wrong('/apikey/verify', { body: { key: `${secret.slice(0, -1)}!` } });
    await wrong('/apikey/verify', { body: { key: [secret], [secret]: secret } });
    await wrong('/apikey/verify', { body: `{"key": "${secret}"` });
    await wrong('/apikey/verify/batch', { body: { keys: [{ key: secret }, { key: [secret] }] } });
    await wrong('/apikey/verify', { headers: { 'x-api-key': `${secret}, ${secret}` } });
    await wrong(`/apikey/verify?key=${secret}`);
    await wrong('/apikey/self', { headers: { 'x-api-key': `${secret.slice(0, -1)}!` } });
    await wrong(`/apikey/self?key=${secret}`, { method: 'DELETE' });
    await wrong('/leaks/report', { body: { keys: [secret, [secret]], [secret]: secret } });
    await wrong(`/apikey/verify?scopes=${secret}`);
    await wrong(`/apikey?ApplicationId=${secret}`, { method: 'POST' });
    await wrong(`/apikey/${secret}`);
    await wrong(`/${secret}/${encoded}?cursor=${secret}&limit=${secret}`);
    await wrong('/apikey/verify', { headers: { 'x-service-key': secret, 'x-api-key': secret } });
    await wrong('/apikey/verify', { headers: { authorization: `Bearer ${secret}` }, body: { key: secret } });
    await wrong('/auth/me', { method: 'DELETE', body: { password: secret, [secret]: secret } });
    await wrong(`/auth/sessions/${secret}`, { method: 'DELETE' });
    await wrong('/auth/me', { headers: { authorization: `Bearer ${secret}` } });
    await wrong('/auth/me', { headers: { authorization: `Basic ${btoa(`x:${secret}`)}` } });
    await wrong('/auth/me', {
      headers: { 'x-request-id': secret, 'user-agent': secret, referer: secret, cookie: `session=${secret}` },
    });
  }
}
