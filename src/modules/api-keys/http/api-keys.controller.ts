import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { readUuid } from '../../../shared/http/uuid.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { Idempotent, type IdempotentRequest } from '../../idempotency/index.js';
import { ApiKeyService } from '../application/api-key.service.js';
import type { HandedOutKey } from '../domain/api-key.js';
import { ApiKeyAccess, CurrentApiKey } from './api-key-access.guard.js';
import { ApiKeyDetailsDto, ApiKeyDto, ApiKeyPageDto } from './api-key-response.dto.js';
import {
  ApplicationIdQueryDto,
  ChangeApiKeyDto,
  IssueApiKeyDto,
  ListApiKeysQueryDto,
  RotateApiKeyDto,
} from './api-key.dto.js';
import {
  ApiKeysDocs,
  ChangeApiKeyDocs,
  EndApiKeySecretDocs,
  GetApiKeyDocs,
  IssueApiKeyDocs,
  ListApiKeysDocs,
  RevokeApiKeyDocs,
  RotateApiKeyDocs,
} from './api-keys.docs.js';
import { shownOnce } from './shown-once.js';
import { toApiKeyDetailsResponse, toApiKeyResponse } from './api-key-response.js';

@ApiKeysDocs()
@Controller('apikey')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeyService,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'query', permission: 'manage-keys' })
  @IssueApiKeyDocs()
  async issue(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Query() _query: ApplicationIdQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Idempotent() call?: IdempotentRequest,
    @Body() body?: IssueApiKeyDto,
  ): Promise<string> {
    const { id, plaintext } = await this.keys.issue(actor, application, body ?? {}, call);
    return shownOnce(reply, `/apikey/${id}`, plaintext);
  }

  @Get()
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'query', permission: 'read' })
  @ListApiKeysDocs()
  async list(
    @CurrentApplication() application: Application,
    @Query() query: ListApiKeysQueryDto,
  ): Promise<ApiKeyPageDto> {
    const page = await this.keys.list(application.id, query);
    const now = this.clock.now();
    return { ...page, data: page.data.map((key) => toApiKeyResponse(key, application, now)) };
  }

  @Get(':id')
  @RequireScopes('apikeys:read')
  @ApiKeyAccess('read')
  @GetApiKeyDocs()
  get(@CurrentApplication() application: Application, @CurrentApiKey() key: HandedOutKey): ApiKeyDetailsDto {
    return toApiKeyDetailsResponse(key, application, this.clock.now());
  }

  @Post(':id/rotate')
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @RotateApiKeyDocs()
  async rotate(
    @CurrentActor() actor: Actor,
    @CurrentApiKey() key: HandedOutKey,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Idempotent() call?: IdempotentRequest,
    @Body() body?: RotateApiKeyDto,
  ): Promise<string> {
    const { id, plaintext } = await this.keys.rotate(actor, key, body ?? {}, call);
    return shownOnce(reply, `/apikey/${id}`, plaintext);
  }

  @Delete(':id/secrets/:secretId')
  @HttpCode(204)
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @EndApiKeySecretDocs()
  async endSecret(
    @CurrentActor() actor: Actor,
    @CurrentApiKey() key: HandedOutKey,
    @Param('secretId') secretId: string,
  ): Promise<void> {
    await this.keys.endSecret(actor, key, readUuid('secretId', secretId));
  }

  @Patch(':id')
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @ChangeApiKeyDocs()
  async change(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @CurrentApiKey() key: HandedOutKey,
    @Body() body: ChangeApiKeyDto,
  ): Promise<ApiKeyDto> {
    const changed = await this.keys.change(actor, application, key, body);
    return toApiKeyResponse(changed, application, this.clock.now());
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @RevokeApiKeyDocs()
  async revoke(@CurrentActor() actor: Actor, @CurrentApiKey() key: HandedOutKey): Promise<void> {
    await this.keys.revoke(actor, key);
  }
}
