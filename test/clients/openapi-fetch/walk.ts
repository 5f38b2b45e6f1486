import { randomUUID } from 'node:crypto';
import createClient from 'openapi-fetch';
import type { components, paths } from './generated/api.js';

/*
 * The walk of the README by a client of `openapi-typescript` and `openapi-fetch`: generated-clients.slow-spec.ts compiles it
 * and runs it against a service. Prints what the last key was told.
 */
type Verdict = components['schemas']['Verdict'];

const [, , baseUrl = 'http://localhost:3000'] = process.argv;
const api = createClient<paths>({ baseUrl });

const credentials = { email: `${randomUUID()}@example.com`, password: 'a long walk in the hills' };
await api.POST('/auth/register', { body: credentials });
const { accessToken } = take(await api.POST('/auth/login', { body: credentials }));
api.use({
  onRequest({ request }) {
    request.headers.set('Authorization', `Bearer ${accessToken}`);
    return request;
  },
});

const application = take(await api.POST('/applications', { body: { name: 'Weather' } }));
const serviceKey = take(
  await api.POST('/applications/{id}/service-keys', {
    params: { path: { id: application.id } },
    body: { name: 'the walk', scopes: ['keys:verify'] },
  }),
);
const asService = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${serviceKey}` } });
const plain = take(await api.POST('/apikey', { params: { query: { ApplicationId: application.id } } }));
const first = await verify({ key: plain });
// @ts-expect-error -- a verdict has a key's id only where it is known to be valid
first.keyId;

const key = take(
  await api.POST('/apikey', {
    params: {
      query: { ApplicationId: application.id },
      header: { 'Idempotency-Key': `my-first-reader-${randomUUID()}` },
    },
    body: {
      scopes: ['orders:read'],
      rateLimits: [{ name: 'minute', limit: 10, windowSeconds: 60 }],
      credits: { remaining: 1000 },
    },
  }),
);
const id = keyIdOf(await verify({ key, scopes: ['orders:read'], cost: 5 }));

const params = { path: { id } };
const newKey: string = take(
  await api.POST('/apikey/{id}/rotate', { params, body: { overlapSeconds: 3600 } }),
);
const replaced = await verify({ key, cost: 0 });
if (!replaced.valid || replaced.warning !== 'EXPIRES_SOON')
  throw new Error('The old secret ends without a warning.');

const { remaining, refill } = take(await api.POST('/apikey/{id}/credits', { params, body: { add: 500 } }));
if (remaining !== 1495 || refill != null) throw new Error(`There are ${remaining} credits.`);

await api.DELETE('/apikey/{id}', { params });
const last = await verify({ key: newKey });
const { error } = await api.GET('/apikey/{id}', { params: { path: { id: randomUUID() } } });
console.log(JSON.stringify({ valid: last.valid, code: last.code, problem: error?.code }));

async function verify(body: components['schemas']['VerifyRequest']): Promise<Verdict> {
  return take(await asService.POST('/apikey/verify', { body }));
}

/** Narrows by `valid`: the fields of a good key are all there, those that are always said without a question mark. */
function keyIdOf(verdict: Verdict): string {
  if (!verdict.valid) {
    const code: 'NOT_FOUND' | 'RATE_LIMITED' | 'VALID' | (string & {}) = verdict.code;
    throw new Error(`${code}, to be tried again after ${verdict.retryAfterSeconds ?? 0} s`);
  }
  const said: [string, string, string[], string | null] = [
    verdict.applicationId,
    verdict.ownerId,
    verdict.scopes,
    verdict.expiresAt,
  ];
  if (said.some((field) => field === undefined)) throw new Error('The verdict lacks a field.');
  return verdict.keyId;
}

function take<T>(answer: { data?: T; error?: { code: string; detail: string } }): T {
  if (answer.data === undefined) throw new Error(answer.error?.detail);
  return answer.data;
}
