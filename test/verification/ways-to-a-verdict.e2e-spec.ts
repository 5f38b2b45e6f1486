import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import request from 'supertest';
import { unissuedKey } from '../support/made-up-keys.js';
import { KeyHasher } from '../../src/modules/api-keys/domain/key-hasher.js';
import { VerificationRecords } from '../../src/modules/verification/application/verification-records.js';
import { Client, UNKNOWN_ID, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { comparable, postVerify } from '../support/verify-post.js';
import { AS_GATEWAY, AS_SERVICE } from '../support/service-key.js';

/** What a gateway answers for a verdict. */
const GATEWAY: Record<string, [status: number, code: string | undefined]> = {
  VALID: [200, undefined],
  NOT_FOUND: [401, 'invalid_api_key'],
  REVOKED: [401, 'invalid_api_key'],
  DISABLED: [401, 'invalid_api_key'],
  EXPIRED: [401, 'invalid_api_key'],
  FORBIDDEN: [403, 'address_not_allowed'],
  INSUFFICIENT_PERMISSIONS: [403, 'insufficient_permissions'],
  RATE_LIMITED: [429, 'rate_limited'],
  USAGE_EXCEEDED: [429, 'usage_exceeded'],
};

const HEADERS_OF_VERDICTS = [
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
  'sunset',
  'x-application-credits-remaining',
  'x-credits-remaining',
];

const KEYS = [
  ...['plain', 'scoped', 'disabled', 'revoked', 'elsewhere', 'replaced', 'expiring'],
  ...['limited', 'credited', 'both', 'exhausted', 'spent', 'unknown', 'malformed'],
] as const;

describe('the ways to a verdict', () => {
  let app: TestApp;
  let owner: Client;
  let applicationId: string;
  let keys: Record<(typeof KEYS)[number], string>;

  beforeAll(async () => {
    app = await TestApp.start({ env: { VERIFY_LEASE_MS: '10000', RATE_LIMIT_STORE: 'memory' } });
    owner = await Client.signedIn(app);
    applicationId = await owner.createApplication();
    const issue = (body?: object): Promise<{ id: string; key: string }> =>
      owner.issueKey(applicationId, body);
    const [disabled, revoked, replaced] = [await issue(), await issue(), await issue()];
    const limits = (limit: number): object => ({
      rateLimits: [{ name: 'month', limit, windowSeconds: 2_592_000 }],
    });
    const credits = (remaining: number): object => ({ credits: { remaining } });
    keys = {
      plain: (await issue({ name: 'Zoë ✓', metadata: { plan: 'größer' } })).key,
      scoped: (await issue({ scopes: ['orders:*', 'users:read'] })).key,
      disabled: disabled.key,
      revoked: revoked.key,
      elsewhere: (await issue({ ipAllowlist: ['192.0.2.0/24'] })).key,
      replaced: replaced.key,
      expiring: (await issue({ expiresAt: new Date(Date.now() + 86_400_000).toISOString() })).key,
      limited: (await issue(limits(1_000_000))).key,
      credited: (await issue(credits(1_000_000))).key,
      both: (await issue({ ...limits(1_000_000), ...credits(1_000_000) })).key,
      exhausted: (await issue(limits(1))).key,
      spent: (await issue(credits(0))).key,
      unknown: unissuedKey(),
      malformed: 'upblit_live_malformed',
    };
    await owner.patch(`/apikey/${disabled.id}`).send({ enabled: false }).expect(200);
    await owner.delete(`/apikey/${revoked.id}`).expect(204);
    await owner.post(`/apikey/${replaced.id}/rotate`).send({ overlapSeconds: 86_400 }).expect(200);
    await verify(app, keys.exhausted);
  });
  afterAll(() => app.stop());

  /** Of a key, as a caller may present it and ask about it; some of it is bad. */
  const questions = fc.record(
    {
      key: fc.constantFrom(...KEYS),
      applicationId: fc.constantFrom<(own: string) => string>(
        (own) => own,
        (own) => own.toUpperCase(),
        (own) => `urn:uuid:${own}`,
        (own) => `{${own}}`,
        () => UNKNOWN_ID,
        () => 'none',
      ),
      scopes: fc.array(
        fc.oneof(
          fc.constantFrom(
            'orders:read',
            'orders:*',
            'users:read',
            'users:write',
            '*',
            'a*b',
            'a:*:b',
            'x:*y',
            'ä',
          ),
          fc.string({ minLength: 1, maxLength: 110 }).filter((text) => !text.includes(',')),
        ),
        { minLength: 1, maxLength: 3 },
      ),
      cost: fc.oneof(fc.constantFrom(0, 1, 3, -1, 1.5, 2 ** 53, 1e21), fc.nat(1000)),
    },
    { requiredKeys: ['key'] },
  );
  type Question = typeof questions extends fc.Arbitrary<infer T> ? T : never;

  it('end in the same answer on the fast path and on the slow one', async () => {
    await fc.assert(
      fc.asyncProperty(questions, async (question) => {
        const body = JSON.stringify(bodyOf(question));
        const fast = await postVerify(app.port, { body, path: 'fast' });
        const slow = await postVerify(app.port, { body, path: 'slow' });
        expect(withoutCounts(fast)).toEqual(withoutCounts(slow));
      }),
      { numRuns: 100 },
    );
  });

  it('end in the same verdict for a gateway', async () => {
    await fc.assert(
      fc.asyncProperty(questions, async (question) => {
        const posted = await request(app.http)
          .post('/apikey/verify')
          .set(AS_SERVICE)
          .send({ ...bodyOf(question), ip: '127.0.0.1' });
        const gotten = await request(app.http)
          .get('/apikey/verify')
          .set(AS_GATEWAY)
          .query(queryOf(question))
          .set('x-api-key', keys[question.key]);
        const [status, code] =
          posted.status === 200 ? GATEWAY[posted.body.code as string]! : [400, 'validation_failed'];
        expect({ status: gotten.status, code: gotten.body.code as unknown }).toEqual({ status, code });
        expect(fieldsOf(gotten.body)).toEqual(fieldsOf(posted.body).map(nameInQuery));
        expect(verdictHeaders(gotten.headers)).toEqual(verdictHeaders(posted.headers));
      }),
      { numRuns: 100 },
    );
  });

  it.each(['ip', 'key2', 'applicationId'])('do not take %s from a query', async (name) => {
    const response = await request(app.http)
      .get(`/apikey/verify?${name}=${name === 'ip' ? '127.0.0.1' : UNKNOWN_ID}`)
      .set(AS_GATEWAY)
      .set('x-api-key', keys.plain)
      .expect(400);
    expect(response.body.errors).toEqual([{ field: name, message: 'is not known here' }]);
  });

  it.each([
    ['a scope with * in the middle', { scopes: ['a*b'] }, 'scopes.0'],
    ['a URN for an application', { applicationId: `urn:uuid:${UNKNOWN_ID}` }, 'applicationId'],
  ])('all refuse %s', async (_, question, field) => {
    const posted = await request(app.http)
      .post('/apikey/verify')
      .set(AS_SERVICE)
      .send({ key: keys.plain, ...question })
      .expect(400);
    expect(fieldsOf(posted.body)).toEqual([field]);
    const { scopes, applicationId: named } = question as { scopes?: string[]; applicationId?: string };
    const gotten = await request(app.http)
      .get('/apikey/verify')
      .set(AS_GATEWAY)
      .query({
        ...(named !== undefined && { ApplicationId: named }),
        ...(scopes !== undefined && { scopes: scopes[0] }),
      })
      .set('x-api-key', keys.plain)
      .expect(400);
    expect(fieldsOf(gotten.body)).toEqual([nameInQuery(field)]);
  });

  it.each(['fast', 'slow'] as const)(
    'tell on the %s path when a replaced secret stops working',
    async (path) => {
      const { headers, body } = await postVerify(app.port, {
        body: JSON.stringify({ key: keys.replaced }),
        path,
      });
      const { secretExpiresAt } = JSON.parse(body) as { secretExpiresAt: string };
      expect(headers.sunset).toBe(new Date(secretExpiresAt).toUTCString());
    },
  );

  it('hash a presented key once, and so the service key, whether it is in memory, under limits, or has to be looked up', async () => {
    const records = app.nest.get(VerificationRecords, { strict: false });
    const hashed = jest.spyOn(records as unknown as { cacheKey(text: string): string }, 'cacheKey');
    const peppered = jest.spyOn(app.nest.get(KeyHasher, { strict: false }), 'candidates');
    const cold = (await owner.issueKey(applicationId)).key;
    const coldAndLimited = (await owner.issueKey(applicationId, { credits: { remaining: 5 } })).key;
    for (const path of ['fast', 'slow'] as const) {
      for (const [key, isCold] of [
        [keys.plain, false],
        [keys.both, false],
        [path === 'fast' ? cold : coldAndLimited, true],
      ] as const) {
        // Whatever the tests before have done to the cache.
        if (!isCold) await postVerify(app.port, { body: JSON.stringify({ key }), path });
        hashed.mockClear();
        peppered.mockClear();
        await postVerify(app.port, { body: JSON.stringify({ key }), path });
        expect(hashed).toHaveBeenCalledTimes(2);
        expect(peppered).toHaveBeenCalledTimes(isCold ? 1 : 0);
      }
    }
    hashed.mockRestore();
    peppered.mockRestore();
  });

  it('believe the same proxies about the address of a caller', async () => {
    const node = await TestApp.start({ env: { TRUST_PROXY: 'loopback' }, database: app.database });
    await verify(node, keys.plain);
    const find = jest.spyOn(node.nest.get(VerificationRecords, { strict: false }), 'find');
    const addresses = new Set<string>();
    find.mockImplementation((_, { address }) => {
      addresses.add(address);
      return { record: null, source: 'form', stale: false };
    });
    for (const forwarded of [
      '203.0.113.9',
      '198.51.100.1, 203.0.113.9',
      '203.0.113.9, 127.0.0.1',
      'unknown',
      '',
    ]) {
      addresses.clear();
      for (const path of ['fast', 'slow'] as const) {
        const headers = [`X-Forwarded-For: ${forwarded}`];
        await postVerify(node.port, { body: JSON.stringify({ key: keys.plain }), path, headers });
      }
      expect({ forwarded, addresses: addresses.size }).toEqual({ forwarded, addresses: 1 });
    }
    expect(find).toHaveBeenCalledTimes(10);
    find.mockRestore();
    await node.stop();
  });

  function bodyOf({ key, applicationId: named, ...rest }: Question): object {
    return { ...rest, key: keys[key], ...(named !== undefined && { applicationId: named(applicationId) }) };
  }

  function queryOf({ applicationId: named, scopes, cost }: Question): Record<string, string> {
    return {
      ...(named !== undefined && { ApplicationId: named(applicationId) }),
      ...(scopes !== undefined && { scopes: scopes.join(',') }),
      ...(cost !== undefined && { cost: String(cost) }),
    };
  }
});

function fieldsOf(body: unknown): string[] {
  const { errors = [] } = body as { errors?: { field: string }[] };
  return errors.map(({ field }) => field);
}

function nameInQuery(field: string): string {
  return field === 'applicationId' ? 'ApplicationId' : field;
}

function verdictHeaders(headers: Record<string, string>): Record<string, string> {
  const found = HEADERS_OF_VERDICTS.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [[name, withoutNumbers(name, value)]];
  });
  return Object.fromEntries(found) as Record<string, string>;
}

/** What changes from one verification to the next, or from one second to the next. */
function withoutNumbers(name: string, value: string): string {
  if (name === 'ratelimit-policy' || name === 'sunset') return value;
  return value.replace(/\d+/g, 'n');
}

function withoutCounts(answer: Parameters<typeof comparable>[0]): object {
  const { status, headers, body } = comparable(answer) as typeof answer;
  return {
    status,
    headers: {
      ...headers,
      ...verdictHeaders(headers),
      'content-length': status === 200 ? undefined : headers['content-length'],
    },
    body: body.replace(/"(remaining|resetSeconds|retryAfterSeconds)":\d+/g, '"$1":n'),
  };
}
