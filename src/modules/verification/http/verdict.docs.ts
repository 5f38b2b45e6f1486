import { VERIFY_ANSWER } from './verify.schema.js';

/** A JSON Schema. Swagger's type for it is that of OpenAPI 3.0, which has no `const`. */
type Schema = Readonly<Record<string, unknown>>;

export const UNKNOWN = { valid: false, code: 'NOT_FOUND' };

export const VALID = {
  valid: true,
  code: 'VALID',
  keyId: '019b76da-a800-7000-8000-000000000002',
  applicationId: '019b76da-a800-7000-8000-000000000001',
  ownerId: '019b76da-a800-7000-8000-000000000009',
  name: 'production collector',
  environment: 'live',
  scopes: ['telemetry:write'],
  metadata: { team: 'checkout' },
  expiresAt: null,
  secretId: '019b76da-a800-7000-8000-000000000003',
};

const BURST = { name: 'burst', limit: 100, windowSeconds: 60 };

export const VERDICTS = {
  valid: { summary: 'A key without limits and credits', value: VALID },
  replaced: {
    summary: 'Its older secret, after a rotation with an overlap',
    value: { ...VALID, warning: 'EXPIRES_SOON', secretExpiresAt: '2026-05-27T10:00:00.000Z' },
  },
  metered: {
    summary: 'A key with a rate limit and credits',
    value: {
      ...VALID,
      rateLimits: [{ ...BURST, remaining: 99, resetSeconds: 60 }],
      credits: { remaining: 4999 },
    },
  },
  unknown: { summary: 'An unknown key, or no key at all', value: UNKNOWN },
  limited: {
    summary: 'A key that is used too often',
    value: {
      valid: false,
      code: 'RATE_LIMITED',
      rateLimits: [{ ...BURST, remaining: 0, resetSeconds: 17 }],
      retryAfterSeconds: 17,
    },
  },
  exhausted: {
    summary: 'A key whose credits are used up until they are refilled',
    value: { valid: false, code: 'USAGE_EXCEEDED', retryAfterSeconds: 43_200, credits: { remaining: 0 } },
  },
};

/** A value for each field that a verdict can have. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  ...VERDICTS.metered.value,
  ownerIssuer: 'https://login.example.com/',
  expiresAt: '2027-05-27T10:00:00.000Z',
  warning: 'EXPIRES_SOON',
  externalId: 'customer-42',
  secretExpiresAt: '2026-05-27T10:00:00.000Z',
  applicationCredits: { remaining: 70_000 },
  retryAfterSeconds: 17,
};

const { valid: _valid, code, ...fields } = VERIFY_ANSWER.properties;
const { rateLimits, credits, applicationCredits, retryAfterSeconds, ...identity } = fields;
const usage = {
  rateLimits: { ...rateLimits, items: { title: 'RateLimitUsage', ...rateLimits.items } },
  credits,
  applicationCredits,
};

/** What every verdict on a valid key says; it says the rest where it applies. */
const ALWAYS_SAID: (keyof typeof identity)[] = [
  'keyId',
  'applicationId',
  'ownerId',
  'name',
  'environment',
  'scopes',
  'metadata',
  'expiresAt',
  'secretId',
];

const VALID_VERDICT: Schema = {
  title: 'ValidVerdict',
  type: 'object',
  description: 'The key is valid, and may do what was asked for.',
  required: ['valid', 'code', ...ALWAYS_SAID],
  properties: {
    valid: { type: 'boolean', const: true },
    code: { type: 'string', const: 'VALID' },
    ...withExamples(identity),
    ...withExamples(usage),
  },
};

const INVALID_VERDICT: Schema = {
  title: 'InvalidVerdict',
  type: 'object',
  description: 'The key is invalid, or may not do what was asked for.',
  required: ['valid', 'code'],
  properties: {
    valid: { type: 'boolean', const: false },
    code: { ...code, enum: code.enum.filter((one) => one !== 'VALID') },
    ...withExamples({ ...usage, retryAfterSeconds }),
  },
};

/** A union, so that a client which has looked at `valid` knows which fields there are. */
export const VERDICT: Schema = {
  title: 'Verdict',
  description: 'Whether the key is valid: `valid` tells the two kinds apart.',
  oneOf: [VALID_VERDICT, INVALID_VERDICT],
};

/** These schemas, each with the example of its field; those within them have examples, too. */
function withExamples(
  properties: Readonly<Record<string, Schema>>,
  examples: Readonly<Record<string, unknown>> = EXAMPLES,
): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, withExample(schema, examples[name])]),
  );
}

function withExample(schema: Schema, example: unknown): Schema {
  const { properties, items } = schema as { properties?: Record<string, Schema>; items?: Schema };
  return {
    ...schema,
    ...(properties && { properties: withExamples(properties, example as Record<string, unknown>) }),
    ...(items?.properties === undefined ? {} : { items: withExample(items, (example as unknown[])[0]) }),
    example,
  };
}
