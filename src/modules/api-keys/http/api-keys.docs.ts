import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
  type ApiResponseOptions,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { ApiKeyDetailsDto, ApiKeyDto, ApiKeyPageDto } from './api-key-response.dto.js';
import { ChangeApiKeyDto, IssueApiKeyDto, RotateApiKeyDto } from './api-key.dto.js';

export const KEY_ID_IN_PATH = {
  name: 'id',
  description: 'The id of the key.',
  schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000002' },
};

/** A plain JSON string, not an object. */
const KEY_AS_JSON_STRING: ApiResponseOptions = {
  description: 'The key.',
  schema: { type: 'string', pattern: '^[a-z][a-z0-9]{1,15}_(live|test)_[0-9A-Za-z]{36}$' },
  example: 'upblit_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  headers: {
    Location: {
      description: 'The path of the key, to manage it by.',
      schema: { type: 'string' },
      example: '/apikey/019b76da-a800-7000-8000-000000000002',
    },
  },
};

export const ApiKeysDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('API keys'), ApiBearerAuth('bearer'));

export const IssueApiKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'issueApiKey',
      summary: 'Issue an API key for an application you own',
      description:
        'The answer is the key itself, as a JSON string. It is shown this once and can never be read again. The ' +
        'body is optional: without one the key is live, has no scopes and does not expire.',
    }),
    ApiBody({
      type: IssueApiKeyDto,
      required: false,
      examples: {
        plain: { summary: 'A key that may be used from anywhere', value: { name: 'Production server' } },
        restricted: {
          summary: 'A key with limits',
          value: {
            name: 'Nightly reports',
            scopes: ['orders:read'],
            expiresAt: '2035-01-01T00:00:00.000Z',
            ipAllowlist: ['203.0.113.0/24'],
            rateLimits: [{ name: 'burst', limit: 100, windowSeconds: 60 }],
            credits: { remaining: 5000, refill: { amount: 5000, interval: 'monthly', day: 1 } },
          },
        },
      },
    }),
    ApiOkResponse(KEY_AS_JSON_STRING),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'not_application_owner',
      'application_not_found',
      'policy_violation',
      'api_key_limit_reached',
      'daily_key_limit_reached',
    ),
  );

export const ListApiKeysDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listApiKeys',
      summary: "List an application's keys, newest first",
      description: 'Revoked and expired keys are listed too, unless `status` says otherwise.',
    }),
    ApiOkResponse({ type: ApiKeyPageDto }),
    ApiProblems(
      'validation_failed',
      'invalid_cursor',
      'insufficient_scope',
      'not_application_owner',
      'application_not_found',
    ),
  );

export const GetApiKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getApiKey',
      summary: 'Read one key (never its secret)',
      description: 'The key itself was shown when it was issued; `hint` tells keys apart.',
    }),
    ApiParam(KEY_ID_IN_PATH),
    ApiOkResponse({ type: ApiKeyDetailsDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner', 'api_key_not_found'),
  );

export const RotateApiKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'rotateApiKey',
      summary: 'Give a key a new secret',
      description:
        'The id, the settings and the history of the key stay. The answer is the new secret as a JSON string, shown ' +
        'this once. The older secrets work until the overlap ends; without one they end now.',
    }),
    ApiParam(KEY_ID_IN_PATH),
    ApiBody({
      type: RotateApiKeyDto,
      required: false,
      examples: {
        overlap: { summary: 'The old secret works for another day', value: { overlapSeconds: 86_400 } },
        onFirstUse: {
          summary: 'It works for an hour after the new one is first seen',
          value: { overlapSeconds: 3600, activateOnFirstUse: true },
        },
        now: { summary: 'The old secret ends now', value: {} },
      },
    }),
    ApiOkResponse(KEY_AS_JSON_STRING),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'not_application_owner',
      'api_key_not_found',
      'api_key_revoked',
      'api_key_expired',
      'too_many_secrets',
      'policy_violation',
      'edit_conflict',
    ),
  );

export const EndApiKeySecretDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'endApiKeySecret',
      summary: 'End one secret of a key now',
      description: 'May be repeated. The last secret that works is not ended: revoke the key instead.',
    }),
    ApiParam(KEY_ID_IN_PATH),
    ApiParam({
      name: 'secretId',
      description: 'The id of the secret.',
      schema: { ...KEY_ID_IN_PATH.schema, example: '019b76da-a800-7000-8000-000000000003' },
    }),
    ApiNoContentResponse({ description: 'Ended: no node accepts it any more.' }),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'not_application_owner',
      'api_key_not_found',
      'secret_not_found',
      'last_secret',
      'edit_conflict',
    ),
  );

export const ChangeApiKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeApiKey',
      summary: 'Change, disable or enable a key',
      description:
        'Fields that are left out stay as they are. A revoked key cannot be changed. A key that becomes active counts ' +
        'against the limit of the application, as a new one does.',
    }),
    ApiParam(KEY_ID_IN_PATH),
    ApiBody({
      type: ChangeApiKeyDto,
      examples: {
        disable: { summary: 'Disable it', value: { enabled: false } },
        narrow: {
          summary: 'Allow less',
          value: {
            scopes: ['telemetry:read'],
            ipAllowlist: ['203.0.113.0/24'],
            rateLimits: [{ name: 'burst', limit: 100, windowSeconds: 60 }],
          },
        },
        meter: {
          summary: 'Give it credits, which are filled up each night',
          value: { credits: { remaining: 1000, refill: { amount: 1000, interval: 'daily' } } },
        },
        lift: { summary: 'Lift what limited it', value: { rateLimits: [], credits: null, expiresAt: null } },
      },
    }),
    ApiOkResponse({ type: ApiKeyDto }),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'not_application_owner',
      'api_key_not_found',
      'api_key_revoked',
      'no_credits',
      'policy_violation',
      'api_key_limit_reached',
      'edit_conflict',
    ),
  );

export const RevokeApiKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'revokeApiKey',
      summary: 'Revoke a key for good',
      description: 'May be repeated. The key stays listed, as revoked.',
    }),
    ApiParam(KEY_ID_IN_PATH),
    ApiNoContentResponse({ description: 'Revoked: no node accepts it any more.' }),
    ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner', 'api_key_not_found'),
  );
