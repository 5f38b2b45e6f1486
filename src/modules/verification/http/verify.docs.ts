import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiQuery,
  ApiSecurity,
  ApiTags,
  ApiTooManyRequestsResponse,
  type ApiResponseOptions,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { MAX_CREDITS } from '../../metering/index.js';
import { UNKNOWN, VALID, VERDICT, VERDICTS } from './verdict.docs.js';
import { VERIFY_BATCH_ANSWER, VERIFY_BATCH_BODY, VERIFY_BODY } from './verify.schema.js';

const EXAMPLE_KEY = 'upblit_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx';

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

const REQUEST = {
  title: 'VerifyRequest',
  ...VERIFY_BODY,
  properties: {
    key: { ...VERIFY_BODY.properties.key, example: EXAMPLE_KEY },
    applicationId: { ...VERIFY_BODY.properties.applicationId, example: VALID.applicationId },
    scopes: { ...VERIFY_BODY.properties.scopes, example: VALID.scopes },
    ip: {
      ...VERIFY_BODY.properties.ip,
      // A type beside alternatives without one says nothing to some generators of clients.
      anyOf: VERIFY_BODY.properties.ip.anyOf.map((address) => ({ type: 'string', ...address })),
      example: '203.0.113.7',
    },
    cost: { ...VERIFY_BODY.properties.cost, example: 1 },
  },
  example: { key: EXAMPLE_KEY },
};

const BATCH_REQUEST = {
  title: 'VerifyBatchRequest',
  ...VERIFY_BATCH_BODY,
  properties: { keys: { ...VERIFY_BATCH_BODY.properties.keys, items: REQUEST, example: [REQUEST.example] } },
};

const BATCH_ANSWER = {
  title: 'VerifyBatchResult',
  ...VERIFY_BATCH_ANSWER,
  properties: {
    results: { ...VERIFY_BATCH_ANSWER.properties.results, items: VERDICT, example: [VALID, UNKNOWN] },
  },
};

const PASSED: ApiResponseOptions = {
  description: 'The key is valid.',
  schema: { type: 'object', additionalProperties: false, example: {} },
  headers: {
    'X-Key-Id': header('Which key.', VALID.keyId),
    'X-Application-Id': header('Of which application.', VALID.applicationId),
    'X-Owner-Id': header(
      'Its owner: the id of who registered here; of the people of another issuer the `iss`, a slash and the `sub`, both percent-encoded.',
      VALID.ownerId,
    ),
    'X-Key-Scopes': header('The scopes of the key, space-separated.', 'telemetry:write'),
    ...SUNSET,
    ...USAGE_HEADERS,
    ...HEADERS,
  },
};

export const VerifyDocs = (): ClassDecorator => applyDecorators(ApiTags('Verification'));

/** What a service key may be refused with. */
const SERVICE_KEY_PROBLEMS = [
  'missing_service_key',
  'invalid_service_key',
  'multiple_credentials',
  'insufficient_scope',
  'address_not_allowed',
] as const;

const WHOSE_KEYS =
  'A service key of an application verifies the keys of that one, and finds no others; one of the platform verifies ' +
  'those of all. An imported key that several applications have is found where the service key or the application named ' +
  'says whose is meant, and not otherwise.';

const WITHOUT_SERVICE_KEY =
  'Where the operator lets those verify who have none (`VERIFY_ANONYMOUS`, off by default), they have to name the ' +
  'application, `cost` is 0 or 1, and the answer holds no more than `valid`, `code`, `keyId`, `applicationId`, ' +
  '`environment`, `scopes` and `expiresAt`.';

export const VerifyApiKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'verifyApiKey',
      summary: 'Verify a key',
      description:
        '200 whatever the verdict: `valid` and `code` say it. Checked in this order: `NOT_FOUND`, `REVOKED`, ' +
        '`DISABLED`, `EXPIRED`, `FORBIDDEN`, `INSUFFICIENT_PERMISSIONS`, `RATE_LIMITED`, `USAGE_EXCEEDED`, else ' +
        '`VALID`. A 4xx speaks of the call, a 5xx of this service. Only what passes everything is counted against ' +
        `the limits and spends credits.\n\n${WHOSE_KEYS} ${WITHOUT_SERVICE_KEY}`,
    }),
    ApiBearerAuth('service-key'),
    ApiBody({ schema: REQUEST as never }),
    ApiOkResponse({
      description: 'The verdict.',
      schema: VERDICT,
      // Swagger's types know several examples of a class alone.
      ...{ examples: VERDICTS },
      headers: {
        'Retry-After': header('With `RATE_LIMITED`, and where a refill will do: seconds to wait.', '17'),
        ...SUNSET,
        ...USAGE_HEADERS,
        ...HEADERS,
      },
    }),
    ApiProblems('validation_failed', ...SERVICE_KEY_PROBLEMS, 'too_many_requests'),
  );

export const VerifyApiKeysDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'verifyApiKeys',
      summary: 'Verify up to 100 keys',
      description:
        'The verdicts come in the order of the keys. Keys that are not in memory cost one query together. An answer of ' +
        'more than 1 MiB, which the metadata of the keys may come to, is refused with 413, and nothing is counted. ' +
        WHOSE_KEYS,
    }),
    ApiBearerAuth('service-key'),
    ApiBody({ schema: BATCH_REQUEST as never }),
    ApiOkResponse({
      description: 'The verdicts.',
      schema: BATCH_ANSWER as never,
      example: { results: [VALID, UNKNOWN] },
      headers: HEADERS,
    }),
    ApiProblems('validation_failed', ...SERVICE_KEY_PROBLEMS, 'too_many_requests'),
  );

export const VerifyApiKeyForGatewayDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'verifyApiKeyForGateway',
      summary: 'Verify a key for a gateway',
      description:
        'The same decision for nginx `auth_request`, Caddy `forward_auth` and their like: the key comes in `x-api-key` ' +
        'or as `Authorization: Bearer upblit_…`, the identity goes back in headers. ' +
        `The gateway's own key is in \`X-Service-Key\`. ${WHOSE_KEYS}`,
    }),
    ApiSecurity({ 'gateway-service-key': [], 'api-key': [] }),
    ApiQuery({
      name: 'scopes',
      type: String,
      required: false,
      description: 'The scopes that are needed, comma-separated.',
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
    ApiTooManyRequestsResponse({ headers: { ...USAGE_HEADERS, ...HEADERS } }),
    ApiProblems(
      'validation_failed',
      ...SERVICE_KEY_PROBLEMS,
      'key_in_query',
      'missing_api_key',
      'invalid_api_key',
      'insufficient_permissions',
      'rate_limited',
      'usage_exceeded',
      'too_many_requests',
    ),
  );

function header(description: string, example: string) {
  return { description, schema: { type: 'string' as const }, example };
}
