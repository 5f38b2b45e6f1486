import { Controller, Get, Param, Query } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { HygieneService } from '../application/hygiene.service.js';
import { GetHygieneDocs, HygieneDocs, ListFoundKeysDocs } from './hygiene.docs.js';
import {
  FoundKeyPageDto,
  HygieneDto,
  readFinding,
  toFoundKeyResponse,
  toHygieneResponse,
} from './hygiene.dto.js';

@HygieneDocs()
@Controller('applications/:id/hygiene')
export class HygieneController {
  constructor(private readonly hygiene: HygieneService) {}

  @Get()
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'read' })
  @GetHygieneDocs()
  async get(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
  ): Promise<HygieneDto> {
    const hygiene = await this.hygiene.summarize(actor, application);
    const webhooks = await this.hygiene.webhooksOfLeavers(actor, application);
    return toHygieneResponse(application.id, hygiene, webhooks);
  }

  @Get(':finding')
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'read' })
  @ListFoundKeysDocs()
  async list(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Param('finding') finding: string,
    @Query() query: PageQueryDto,
  ): Promise<FoundKeyPageDto> {
    const page = await this.hygiene.list(actor, application, readFinding(finding), query);
    return { ...page, data: page.data.map((key) => toFoundKeyResponse(application.id, key)) };
  }
}
