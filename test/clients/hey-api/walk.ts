import { randomUUID } from 'node:crypto';
import { client } from './generated/client.gen.js';
import {
  changeApiKeyCredits,
  createApplication,
  getApiKey,
  issueApiKey,
  issueServiceKey,
  login,
  register,
  revokeApiKey,
  rotateApiKey,
  verifyApiKey,
  type Verdict,
  type VerifyRequest,
} from './generated/index.js';

/*
 * The walk of the README by a client of `@hey-api/openapi-ts`: generated-clients.slow-spec.ts compiles it and runs it against a
 * service. Prints what the last key was told.
 */
const [, , baseUrl = 'http://localhost:3000'] = process.argv;
let token: string | undefined;
client.setConfig({ baseUrl, auth: () => token });

const credentials = { email: `${randomUUID()}@example.com`, password: 'a long walk in the hills' };
await register({ body: credentials, throwOnError: true });
const signedIn = await login({ body: credentials, throwOnError: true });
token = signedIn.data.accessToken;

const application = await createApplication({ body: { name: 'Weather' }, throwOnError: true });
const serviceKey = await issueServiceKey({
  path: { id: application.data.id },
  body: { name: 'the walk', scopes: ['keys:verify'] },
  throwOnError: true,
});
const query = { ApplicationId: application.data.id };
const plain = await issueApiKey({ query, throwOnError: true });
const first = await verify({ key: plain.data });
// @ts-expect-error -- a verdict has a key's id only where it is known to be valid
first.keyId;

const issued = await issueApiKey({
  query,
  headers: { 'Idempotency-Key': `my-first-reader-${randomUUID()}` },
  body: {
    scopes: ['orders:read'],
    rateLimits: [{ name: 'minute', limit: 10, windowSeconds: 60 }],
    credits: { remaining: 1000 },
  },
  throwOnError: true,
});
const key: string = issued.data;
const path = { id: keyIdOf(await verify({ key, scopes: ['orders:read'], cost: 5 })) };

const rotated = await rotateApiKey({ path, body: { overlapSeconds: 3600 }, throwOnError: true });
const replaced = await verify({ key, cost: 0 });
if (!replaced.valid || replaced.warning !== 'EXPIRES_SOON')
  throw new Error('The old secret ends without a warning.');

const { data: credits } = await changeApiKeyCredits({ path, body: { add: 500 }, throwOnError: true });
if (credits.remaining !== 1495 || credits.refill != null)
  throw new Error(`There are ${credits.remaining} credits.`);

await revokeApiKey({ path, throwOnError: true });
const last = await verify({ key: rotated.data });
const { error } = await getApiKey({ path: { id: randomUUID() } });
console.log(JSON.stringify({ valid: last.valid, code: last.code, problem: error?.code }));

async function verify(body: VerifyRequest): Promise<Verdict> {
  return (await verifyApiKey({ auth: serviceKey.data, body, throwOnError: true })).data;
}

/** Narrows by `valid`: the fields of a good key are all there, those that are always said without a question mark. */
function keyIdOf(verdict: Verdict): string {
  if (!verdict.valid)
    throw new Error(`${verdict.code}, to be tried again after ${verdict.retryAfterSeconds ?? 0} s`);
  const said: [string, string, string[], string | null] = [
    verdict.applicationId,
    verdict.ownerId,
    verdict.scopes,
    verdict.expiresAt,
  ];
  if (said.some((field) => field === undefined)) throw new Error('The verdict lacks a field.');
  return verdict.keyId;
}
