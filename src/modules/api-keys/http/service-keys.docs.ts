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
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { RotateApiKeyDto } from './api-key.dto.js';
import {
  ChangeServiceKeyDto,
  IssueServiceKeyDto,
  ServiceKeyDetailsDto,
  ServiceKeyDto,
  ServiceKeyPageDto,
} from './service-key.dto.js';

const KEY_ID = '019b76da-a800-7000-8000-000000000004';

const KEY_ID_IN_PATH = {
  name: 'keyId',
  description: 'The id of the service key.',
  schema: { type: 'string', format: 'uuid', example: KEY_ID },
};

/** A plain JSON string, not an object. */
const KEY_AS_JSON_STRING: ApiResponseOptions = {
  description: 'The service key.',
  schema: { type: 'string', pattern: '^[a-z][a-z0-9]{1,15}_service_[0-9A-Za-z]{36}$' },
  example: 'upblit_service_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  headers: {
    Location: {
      description: 'The path of the key, to manage it by.',
      schema: { type: 'string' },
      example: `/applications/${APPLICATION_ID_IN_PATH.schema.example}/service-keys/${KEY_ID}`,
    },
  },
};

export const ServiceKeysDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Service keys'), ApiBearerAuth('bearer'));

const OfApplication = (): MethodDecorator =>
  applyDecorators(
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner', 'application_not_found'),
  );

const OfKey = (): MethodDecorator =>
  applyDecorators(OfApplication(), ApiParam(KEY_ID_IN_PATH), ApiProblems('service_key_not_found'));

export const IssueServiceKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'issueServiceKey',
      summary: 'Issue a service key for a machine of yours',
      description:
        'The answer is the key itself, as a JSON string. It is shown this once and can never be read again. A machine ' +
        'sends it as `Authorization: Bearer`: to verify keys of the application, or, as its scopes allow, to manage ' +
        'them. It counts as one of the active keys that the application may have.',
    }),
    OfApplication(),
    ApiBody({
      type: IssueServiceKeyDto,
      examples: {
        verify: {
          summary: 'For a service that receives keys',
          value: { name: 'orders API', scopes: ['keys:verify'] },
        },
        manage: {
          summary: 'For a pipeline that issues and rotates keys from known addresses',
          value: {
            name: 'deployment',
            scopes: ['apikeys:read', 'apikeys:write'],
            expiresAt: '2035-01-01T00:00:00.000Z',
            ipAllowlist: ['203.0.113.0/24'],
          },
        },
      },
    }),
    ApiOkResponse(KEY_AS_JSON_STRING),
    ApiProblems('policy_violation', 'api_key_limit_reached', 'daily_key_limit_reached'),
  );

export const ListServiceKeysDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listServiceKeys',
      summary: "List an application's service keys, newest first",
      description: 'Revoked and expired ones are listed too.',
    }),
    OfApplication(),
    ApiOkResponse({ type: ServiceKeyPageDto }),
    ApiProblems('invalid_cursor'),
  );

export const GetServiceKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getServiceKey',
      summary: 'Read one service key (never its secret)',
      description: 'The key itself was shown when it was issued; `hint` tells keys apart.',
    }),
    OfKey(),
    ApiOkResponse({ type: ServiceKeyDetailsDto }),
  );

export const RotateServiceKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'rotateServiceKey',
      summary: 'Give a service key a new secret',
      description:
        'As for any key: the answer is the new secret, shown this once, and the older ones work until the overlap ends.',
    }),
    OfKey(),
    ApiBody({
      type: RotateApiKeyDto,
      required: false,
      examples: {
        overlap: { summary: 'The old secret works for another day', value: { overlapSeconds: 86_400 } },
      },
    }),
    ApiOkResponse(KEY_AS_JSON_STRING),
    ApiProblems(
      'api_key_revoked',
      'api_key_expired',
      'too_many_secrets',
      'policy_violation',
      'edit_conflict',
    ),
  );

export const ChangeServiceKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeServiceKey',
      summary: 'Change, disable or enable a service key',
      description: 'Fields that are left out stay as they are. A revoked key cannot be changed.',
    }),
    OfKey(),
    ApiBody({
      type: ChangeServiceKeyDto,
      examples: {
        disable: { summary: 'Disable it', value: { enabled: false } },
        narrow: { summary: 'Allow less', value: { scopes: ['keys:verify'] } },
      },
    }),
    ApiOkResponse({ type: ServiceKeyDto }),
    ApiProblems('api_key_revoked', 'policy_violation', 'api_key_limit_reached', 'edit_conflict'),
  );

export const RevokeServiceKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'revokeServiceKey',
      summary: 'Revoke a service key for good',
      description: 'May be repeated. The key stays listed, as revoked.',
    }),
    OfKey(),
    ApiNoContentResponse({ description: 'Revoked: no node accepts it any more.' }),
  );
