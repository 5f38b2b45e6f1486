import { Controller, Get, Query } from '@nestjs/common';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { ApiKeyAccess, CurrentApiKey, type HandedOutKey } from '../../api-keys/index.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { RequireScopes } from '../../auth/index.js';
import type { DenialPage } from '../application/denial-records.js';
import { DenialsService } from '../application/denials.service.js';
import { DenialsDocs, ListApiKeyDenialsDocs, ListApplicationDenialsDocs } from './denials.docs.js';
import { DenialPageDto } from './denials.dto.js';

@DenialsDocs()
@Controller()
export class DenialsController {
  constructor(private readonly denials: DenialsService) {}

  @Get('apikey/:id/denials')
  @RequireScopes('apikeys:read')
  @ApiKeyAccess('read')
  @ListApiKeyDenialsDocs()
  async ofKey(
    @CurrentApiKey() { id: keyId }: HandedOutKey,
    @Query() query: PageQueryDto,
  ): Promise<DenialPageDto> {
    return toResponse(await this.denials.list({ keyId }, query));
  }

  @Get('applications/:id/denials')
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'read' })
  @ListApplicationDenialsDocs()
  async ofApplication(
    @CurrentApplication() { id: applicationId }: Application,
    @Query() query: PageQueryDto,
  ): Promise<DenialPageDto> {
    return toResponse(await this.denials.list({ applicationId }, query));
  }
}

function toResponse({ data, nextCursor }: DenialPage): DenialPageDto {
  return { data: data.map((denial) => ({ ...denial, at: denial.at.toISOString() })), nextCursor };
}
