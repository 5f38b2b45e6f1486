import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiSecurity,
  ApiTags,
  type ApiResponseOptions,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { MAX_CREDITS } from '../../metering/index.js';
import { VERIFY_ANSWER, VERIFY_BATCH_ANSWER, VERIFY_BATCH_BODY, VERIFY_BODY } from './verify.schema.js';

const EXAMPLE_KEY = 'upblit_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx';

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

const SUNSET = {
  Sunset: header(
    'The secret has been replaced, and stops working then (RFC 8594).',
    'Wed, 27 May 2026 10:00:00 GMT',
  ),
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
const VERDICT = {
  description: 'The verdict.',
  schema: { ...VERIFY_ANSWER, required: ['valid', 'code'] },
  examples: VERDICTS,
  headers: {
    'Retry-After': header('With `RATE_LIMITED`, and where a refill will do: seconds to wait.', '17'),
    ...SUNSET,
    ...USAGE_HEADERS,
    ...HEADERS,
  },
} as unknown as ApiResponseOptions;

const VERDICTS_OF_BATCH = {
  description: 'The verdicts.',
  schema: { ...VERIFY_BATCH_ANSWER, required: ['results'] },
  example: { results: [VALID, UNKNOWN] },
  headers: HEADERS,
} as unknown as ApiResponseOptions;

const PASSED: ApiResponseOptions = {
  description: 'The key is good.',
  schema: { type: 'object', additionalProperties: false, example: {} },
  headers: {
    'X-Key-Id': header('Which key.', VALID.keyId),
    'X-Application-Id': header('Of which application.', VALID.applicationId),
    'X-Owner-Id': header("The `sub` of its owner's tokens, percent-encoded where needed.", VALID.ownerId),
    'X-Key-Scopes': header('The scopes of the key, divided by spaces.', 'telemetry:write'),
    ...SUNSET,
    ...USAGE_HEADERS,
    ...HEADERS,
  },
};

export const VerifyDocs = (): ClassDecorator => applyDecorators(ApiTags('Verification'));

export const VerifyApiKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'verifyApiKey',
      summary: 'Verify a key',
      description:
        '200 whatever the verdict: `valid` and `code` say it. Checked in this order: `NOT_FOUND`, `REVOKED`, ' +
        '`DISABLED`, `EXPIRED`, `FORBIDDEN`, `INSUFFICIENT_PERMISSIONS`, `RATE_LIMITED`, `USAGE_EXCEEDED`, else ' +
        '`VALID`. A 4xx speaks of the call, a 5xx of this service. Only what passes everything is counted against ' +
        'the limits and spends credits.',
    }),
    ApiBody({ schema: { ...VERIFY_BODY, required: ['key'], example: { key: EXAMPLE_KEY } } as never }),
    ApiOkResponse(VERDICT),
    ApiProblems('validation_failed', 'too_many_requests'),
  );

export const VerifyApiKeysDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'verifyApiKeys',
      summary: 'Verify up to 100 keys',
      description:
        'The verdicts come in the order of the keys. Keys that are not in memory cost one query together.',
    }),
    ApiBody({
      schema: {
        ...VERIFY_BATCH_BODY,
        required: ['keys'],
        example: { keys: [{ key: EXAMPLE_KEY }] },
      } as never,
    }),
    ApiOkResponse(VERDICTS_OF_BATCH),
    ApiProblems('validation_failed', 'too_many_requests'),
  );

export const VerifyApiKeyForGatewayDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'verifyApiKeyForGateway',
      summary: 'Verify a key for a gateway',
      description:
        'The same decision for nginx `auth_request`, Caddy `forward_auth` and their like: the key comes in `x-api-key` ' +
        'or as `Authorization: Bearer upblit_…`, the identity goes back in headers.',
    }),
    ApiSecurity('api-key'),
    ApiQuery({
      name: 'scopes',
      type: String,
      required: false,
      description: 'The scopes that are needed, divided by commas.',
      example: 'telemetry:write',
    }),
    ApiQuery({
      name: 'ApplicationId',
      required: false,
      description: 'Refuses keys of any other application.',
      schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' },
    }),
    ApiQuery({
      name: 'cost',
      required: false,
      description: 'Credits that it costs, where the key or its application has credits; 0 only asks.',
      schema: { type: 'integer', minimum: 0, maximum: MAX_CREDITS, default: 1, example: 1 },
    }),
    ApiOkResponse(PASSED),
    ApiProblems(
      'validation_failed',
      'multiple_credentials',
      'key_in_query',
      'missing_api_key',
      'invalid_api_key',
      'address_not_allowed',
      'insufficient_permissions',
      'rate_limited',
      'usage_exceeded',
      'too_many_requests',
    ),
  );

function header(description: string, example: string) {
  return { description, schema: { type: 'string' as const }, example };
}
