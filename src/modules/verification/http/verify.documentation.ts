import type { ApiResponseOptions } from '@nestjs/swagger';
import { VERIFY_ANSWER, VERIFY_BATCH_ANSWER } from './verify.schema.js';

const UNKNOWN = { valid: false, code: 'NOT_FOUND' };

const VALID = {
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

const VERDICTS = {
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

const HEADERS = {
  'X-Verification-Stale': header('The database is out of reach, and the verdict may be out of date.', 'true'),
  'X-RateLimit-Unchecked': header('The rate limits could not be checked, and it passed.', 'true'),
};

const USAGE_HEADERS = {
  'RateLimit-Policy': header('The limits: units (`q`) in seconds (`w`).', '"burst";q=100;w=60'),
  RateLimit: header('What is left of each (`r`), and seconds until more is (`t`).', '"burst";r=99;t=60'),
  'X-Credits-Remaining': header("What is left of the key's credits.", '4999'),
  'X-Application-Credits-Remaining': header(
    'What is left of the credits that the keys of the application share.',
    '4999',
  ),
};

// Swagger's types know examples beside a class alone.
export const VERDICT = {
  description: 'The verdict.',
  schema: { ...VERIFY_ANSWER, required: ['valid', 'code'] },
  examples: VERDICTS,
  headers: {
    'Retry-After': header('With `RATE_LIMITED`, and where a refill will do: seconds to wait.', '17'),
    ...USAGE_HEADERS,
    ...HEADERS,
  },
} as unknown as ApiResponseOptions;

export const VERDICTS_OF_BATCH = {
  description: 'The verdicts.',
  schema: { ...VERIFY_BATCH_ANSWER, required: ['results'] },
  example: { results: [VALID, UNKNOWN] },
  headers: HEADERS,
} as unknown as ApiResponseOptions;

export const PASSED: ApiResponseOptions = {
  description: 'The key is good.',
  schema: { type: 'object', additionalProperties: false, example: {} },
  headers: {
    'X-Key-Id': header('Which key.', VALID.keyId),
    'X-Application-Id': header('Of which application.', VALID.applicationId),
    'X-Owner-Id': header("The `sub` of its owner's tokens, percent-encoded where needed.", VALID.ownerId),
    'X-Key-Scopes': header('The scopes of the key, divided by spaces.', 'telemetry:write'),
    Sunset: header(
      'The secret has been replaced, and stops working then (RFC 8594).',
      'Wed, 27 May 2026 10:00:00 GMT',
    ),
    ...USAGE_HEADERS,
    ...HEADERS,
  },
};

function header(description: string, example: string) {
  return { description, schema: { type: 'string' as const }, example };
}
