import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
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
import type { FastifyReply } from 'fastify';
import { Clock } from '../../../shared/clock.js';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { readUuid } from '../../../shared/http/uuid.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentPrincipal, RequireScopes, type Principal } from '../../auth/index.js';
import { Repeatable, type RepeatableCall } from '../../idempotency/index.js';
import { ApiKeyService } from '../application/api-key.service.js';
import type { ApiKey } from '../domain/api-key.js';
import type { PlaintextKey } from '../domain/plaintext-key.js';
import { ApiKeyAccess, CurrentApiKey } from './api-key-access.guard.js';
import { ApiKeyDetailsDto, ApiKeyDto, ApiKeyPageDto } from './api-key-answer.dto.js';
import {
  ApplicationIdQueryDto,
  ChangeApiKeyDto,
  IssueApiKeyDto,
  ListApiKeysQueryDto,
  RotateApiKeyDto,
} from './api-key.dto.js';
import { toDetails, toResponse } from './to-response.js';

const IN_PATH = {
  name: 'id',
  description: 'The id of the key.',
  schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000002' },
};

/** A plain JSON string, not an object. */
const KEY_AS_JSON_STRING: ApiResponseOptions = {
  description: 'The key.',
  schema: { type: 'string', pattern: '^upblit_(live|test)_[0-9A-Za-z]{36}$' },
  example: 'upblit_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  headers: {
    Location: {
      description: 'The path of the key, to manage it by.',
      schema: { type: 'string' },
      example: '/apikey/019b76da-a800-7000-8000-000000000002',
    },
  },
};

@ApiTags('API keys')
@ApiBearerAuth('bearer')
@Controller('apikey')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeyService,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'query', need: 'manage-keys' })
  @ApiOperation({
    operationId: 'issueApiKey',
    summary: 'Issue an API key for an application you own',
    description:
      'The answer is the key itself, as a JSON string. It is shown this once and can never be read again. The ' +
      'body is optional: without one the key is live, has no scopes and does not expire.',
  })
  @ApiBody({
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
  })
  @ApiOkResponse(KEY_AS_JSON_STRING)
  @ApiProblems(
    'validation_failed',
    'insufficient_scope',
    'not_application_owner',
    'application_not_found',
    'api_key_limit_reached',
  )
  async issue(
    @CurrentApplication() application: Application,
    @CurrentPrincipal() principal: Principal,
    @Query() _query: ApplicationIdQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Repeatable() call?: RepeatableCall,
    @Body() body?: IssueApiKeyDto,
  ): Promise<string> {
    const { id, plaintext } = await this.keys.issue(application.id, body ?? {}, principal, call);
    return shownOnce(reply.header('Location', `/apikey/${id}`), plaintext);
  }

  @Get()
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'query', need: 'read' })
  @ApiOperation({
    operationId: 'listApiKeys',
    summary: "List an application's keys, newest first",
    description: 'Revoked and expired keys are listed too, unless `status` says otherwise.',
  })
  @ApiOkResponse({ type: ApiKeyPageDto })
  @ApiProblems(
    'validation_failed',
    'invalid_cursor',
    'insufficient_scope',
    'not_application_owner',
    'application_not_found',
  )
  async list(
    @CurrentApplication() application: Application,
    @Query() query: ListApiKeysQueryDto,
  ): Promise<ApiKeyPageDto> {
    const page = await this.keys.list(application.id, query);
    const now = this.clock.now();
    return { ...page, data: page.data.map((key) => toResponse(key, now)) };
  }

  @Get(':id')
  @RequireScopes('apikeys:read')
  @ApiKeyAccess('read')
  @ApiOperation({
    operationId: 'getApiKey',
    summary: 'Read one key (never its secret)',
    description: 'The key itself was shown when it was issued; `hint` tells keys apart.',
  })
  @ApiParam(IN_PATH)
  @ApiOkResponse({ type: ApiKeyDetailsDto })
  @ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner', 'api_key_not_found')
  get(@CurrentApiKey() key: ApiKey): ApiKeyDetailsDto {
    return toDetails(key, this.clock.now());
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @ApiOperation({
    operationId: 'rotateApiKey',
    summary: 'Give a key a new secret',
    description:
      'The id, the settings and the history of the key stay. The answer is the new secret as a JSON string, shown ' +
      'this once. The older secrets work until the overlap ends; without one they end now.',
  })
  @ApiParam(IN_PATH)
  @ApiBody({
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
  })
  @ApiOkResponse(KEY_AS_JSON_STRING)
  @ApiProblems(
    'validation_failed',
    'insufficient_scope',
    'not_application_owner',
    'api_key_not_found',
    'api_key_revoked',
    'api_key_expired',
    'too_many_secrets',
    'edit_conflict',
  )
  async rotate(
    @CurrentApiKey() key: ApiKey,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Repeatable() call?: RepeatableCall,
    @Body() body?: RotateApiKeyDto,
  ): Promise<string> {
    const { id, plaintext } = await this.keys.rotate(key, body ?? {}, call);
    return shownOnce(reply.header('Location', `/apikey/${id}`), plaintext);
  }

  @Delete(':id/secrets/:secretId')
  @HttpCode(204)
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @ApiOperation({
    operationId: 'endApiKeySecret',
    summary: 'End one secret of a key now',
    description: 'May be repeated. The last secret that works is not ended: revoke the key instead.',
  })
  @ApiParam(IN_PATH)
  @ApiParam({
    name: 'secretId',
    description: 'The id of the secret.',
    schema: { ...IN_PATH.schema, example: '019b76da-a800-7000-8000-000000000003' },
  })
  @ApiNoContentResponse({ description: 'Ended: no node accepts it any more.' })
  @ApiProblems(
    'validation_failed',
    'insufficient_scope',
    'not_application_owner',
    'api_key_not_found',
    'secret_not_found',
    'last_secret',
    'edit_conflict',
  )
  async endSecret(@CurrentApiKey() key: ApiKey, @Param('secretId') secretId: string): Promise<void> {
    await this.keys.endSecret(key, readUuid('secretId', secretId));
  }

  @Patch(':id')
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @ApiOperation({
    operationId: 'changeApiKey',
    summary: 'Change, disable or enable a key',
    description:
      'Fields that are left out stay as they are. A revoked key cannot be changed. A key that becomes active counts ' +
      'against the limit of the application, as a new one does.',
  })
  @ApiParam(IN_PATH)
  @ApiBody({
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
  })
  @ApiOkResponse({ type: ApiKeyDto })
  @ApiProblems(
    'validation_failed',
    'insufficient_scope',
    'not_application_owner',
    'api_key_not_found',
    'api_key_revoked',
    'no_credits',
    'api_key_limit_reached',
    'edit_conflict',
  )
  async change(@CurrentApiKey() key: ApiKey, @Body() body: ChangeApiKeyDto): Promise<ApiKeyDto> {
    return toResponse(await this.keys.change(key, body), this.clock.now());
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @ApiOperation({
    operationId: 'revokeApiKey',
    summary: 'Revoke a key for good',
    description: 'May be repeated. The key stays listed, as revoked.',
  })
  @ApiParam(IN_PATH)
  @ApiNoContentResponse({ description: 'Revoked: no node accepts it any more.' })
  @ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner', 'api_key_not_found')
  async revoke(@CurrentApiKey() key: ApiKey, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.keys.revoke(key, principal);
  }
}

/** The one answer that holds a key. A handler that returns a string would answer text/plain otherwise. */
function shownOnce(reply: FastifyReply, plaintext: PlaintextKey): string {
  reply.header('Content-Type', 'application/json').header('Cache-Control', 'no-store');
  return JSON.stringify(plaintext.reveal());
}
