import { randomBytes } from 'node:crypto';
import { fail, messageOf } from './lib/checkout.mjs';

// `npm run demo`: one key's life against a running service: issue, verify, revoke, verify.
const base = (process.env.UPBLIT_URL ?? 'http://127.0.0.1:3000').replace(/\/+$/, '');
const password = randomBytes(18).toString('base64url');

console.log(`A key's life at ${base}\n`);
try {
  const account = await step('Register a throw-away account', 'POST', '/auth/register', 201, {
    body: { email: `demo-${randomBytes(6).toString('hex')}@example.com`, password },
    show: ({ user }) => user.email,
  });
  const token = account.accessToken;
  const application = await step('Create an application', 'POST', '/applications', 201, {
    token,
    body: { name: 'Demo' },
    show: ({ id }) => id,
  });
  const key = await step('Issue a key', 'POST', `/apikey?ApplicationId=${application.id}`, 200, {
    token,
    show: (secret) => secret,
  });
  const serviceKey = await step(
    'Issue a service key',
    'POST',
    `/applications/${application.id}/service-keys`,
    200,
    {
      token,
      body: { name: 'Demo', scopes: ['keys:verify'] },
      show: (secret) => secret,
    },
  );
  const verdict = await step('Verify it', 'POST', '/apikey/verify', 200, {
    token: serviceKey,
    body: { key },
    show: ({ code }) => code,
  });
  expect(verdict.valid, `the new key should be VALID, but the verdict is ${verdict.code}`);
  await step('Revoke it', 'DELETE', `/apikey/${verdict.keyId}`, 204, {
    token,
    show: () => 'holds from here on',
  });
  const refusal = await step('Verify it again', 'POST', '/apikey/verify', 200, {
    token: serviceKey,
    body: { key },
    show: ({ code }) => code,
  });
  expect(refusal.code === 'REVOKED', `the revoked key should be REVOKED, but the verdict is ${refusal.code}`);
  await step('Delete the application', 'DELETE', `/applications/${application.id}`, 204, {
    token,
    show: () => 'gone',
  });
  console.log('\nAll as it should be.');
} catch (error) {
  fail(`\n${messageOf(error)}`);
}

/** One call: prints what it did, what came of it and how long it took; returns the parsed body. */
async function step(title, method, path, expectedStatus, { token, body, show }) {
  const startedAt = performance.now();
  const response = await call(method, path, token, body);
  const text = await response.text();
  const milliseconds = performance.now() - startedAt;
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
  const answer = isJson && text !== '' ? JSON.parse(text) : undefined;
  expect(
    response.status === expectedStatus,
    `${title}: ${method} ${path} answered ${response.status}${answer?.detail === undefined ? '' : `: ${answer.detail}`}`,
  );
  console.log(`  ${title.padEnd(30)} ${`${milliseconds.toFixed(1)} ms`.padStart(10)}   ${show(answer)}`);
  return answer;
}

async function call(method, path, token, body) {
  try {
    return await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
  } catch (error) {
    const reason = messageOf(error.cause ?? error);
    const message = `Nothing answers at ${base} (${reason}): start the service with "npm start", or set UPBLIT_URL.`;
    throw new Error(message, { cause: error });
  }
}

function expect(condition, message) {
  if (!condition) throw new Error(message);
}
