import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { readUuid } from '../../../shared/http/uuid.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { Idempotent, type IdempotentRequest } from '../../idempotency/index.js';
import { ServiceKeyService } from '../application/service-key.service.js';
import type { ApiKey } from '../domain/api-key.js';
import { RotateApiKeyDto } from './api-key.dto.js';
import {
  ChangeServiceKeyDto,
  IssueServiceKeyDto,
  ServiceKeyDetailsDto,
  ServiceKeyDto,
  ServiceKeyPageDto,
} from './service-key.dto.js';
import {
  ChangeServiceKeyDocs,
  GetServiceKeyDocs,
  IssueServiceKeyDocs,
  ListServiceKeysDocs,
  RevokeServiceKeyDocs,
  RotateServiceKeyDocs,
  ServiceKeysDocs,
} from './service-keys.docs.js';
import { shownOnce } from './shown-once.js';
import { toServiceKeyResponse, toServiceKeyDetailsResponse } from './api-key-response.js';

/** For people: a service key makes and changes none. */
@ServiceKeysDocs()
@Controller('applications/:id/service-keys')
export class ServiceKeysController {
  constructor(
    private readonly keys: ServiceKeyService,
    private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-service-keys' })
  @IssueServiceKeyDocs()
  async issue(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body: IssueServiceKeyDto,
    @Idempotent() request?: IdempotentRequest,
  ): Promise<string> {
    const { id, plaintext } = await this.keys.issue(actor, application, body, request);
    return shownOnce(reply, pathOf(application, id), plaintext);
  }

  @Get()
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'manage-service-keys' })
  @ListServiceKeysDocs()
  async list(
    @CurrentApplication() application: Application,
    @Query() query: PageQueryDto,
  ): Promise<ServiceKeyPageDto> {
    const page = await this.keys.list(application.id, query);
    const now = this.clock.now();
    return { ...page, data: page.data.map((key) => toServiceKeyResponse(key, application, now)) };
  }

  @Get(':keyId')
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'manage-service-keys' })
  @GetServiceKeyDocs()
  async get(
    @CurrentApplication() application: Application,
    @Param('keyId') keyId: string,
  ): Promise<ServiceKeyDetailsDto> {
    return toServiceKeyDetailsResponse(await this.find(application, keyId), application, this.clock.now());
  }

  @Post(':keyId/rotate')
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-service-keys' })
  @RotateServiceKeyDocs()
  async rotate(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('keyId') keyId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Idempotent() request?: IdempotentRequest,
    @Body() body?: RotateApiKeyDto,
  ): Promise<string> {
    const key = await this.find(application, keyId);
    const { id, plaintext } = await this.keys.rotate(actor, key, body ?? {}, request);
    return shownOnce(reply, pathOf(application, id), plaintext);
  }

  @Patch(':keyId')
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-service-keys' })
  @ChangeServiceKeyDocs()
  async change(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('keyId') keyId: string,
    @Body() body: ChangeServiceKeyDto,
  ): Promise<ServiceKeyDto> {
    const changed = await this.keys.change(actor, await this.find(application, keyId), body);
    return toServiceKeyResponse(changed, application, this.clock.now());
  }

  @Delete(':keyId')
  @HttpCode(204)
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-service-keys' })
  @RevokeServiceKeyDocs()
  async revoke(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('keyId') keyId: string,
  ): Promise<void> {
    await this.keys.revoke(actor, await this.find(application, keyId));
  }

  private find(application: Application, keyId: string): Promise<ApiKey> {
    return this.keys.get(application.id, readUuid('keyId', keyId));
  }
}

function pathOf(application: Application, keyId: string): string {
  return `/applications/${application.id}/service-keys/${keyId}`;
}
