import { Controller, Get, Query } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { ApiKeyAccess, CurrentApiKey, type HandedOutKey } from '../../api-keys/index.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { UsageService } from '../application/usage.service.js';
import type { Usage } from '../domain/usage.js';
import { usageRange, type Granularity, type UsageRange } from '../domain/usage-range.js';
import { GetApiKeyUsageDocs, GetApplicationUsageDocs, UsageDocs } from './usage.docs.js';
import {
  ApplicationUsageDto,
  ApplicationUsageQueryDto,
  KeyUsageDto,
  UsageQueryDto,
  type UsageBucketDto,
  type UsageCountsDto,
} from './usage.dto.js';

@UsageDocs()
@Controller()
export class UsageController {
  constructor(
    private readonly usage: UsageService,
    private readonly clock: Clock,
  ) {}

  @Get('apikey/:id/usage')
  @RequireScopes('apikeys:read')
  @ApiKeyAccess('read')
  @GetApiKeyUsageDocs()
  async ofKey(
    @CurrentApiKey() { id: keyId, applicationId }: HandedOutKey,
    @Query() query: UsageQueryDto,
  ): Promise<KeyUsageDto> {
    const range = usageRange(query, this.clock.now());
    return { keyId, applicationId, ...toResponse(range, await this.usage.usageOfKey(keyId, range)) };
  }

  @Get('applications/:id/usage')
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'read' })
  @GetApplicationUsageDocs()
  async ofApplication(
    @CurrentActor() actor: Actor,
    @CurrentApplication() { id: applicationId }: Application,
    @Query() query: ApplicationUsageQueryDto,
  ): Promise<ApplicationUsageDto> {
    const range = usageRange(query, this.clock.now());
    const { groupBy = 'key', limit = 20 } = query;
    const usage = await this.usage.usageOfApplication(actor, applicationId, range, { groupBy, limit });
    return { applicationId, ...toResponse(range, usage), groupBy, groups: usage.groups };
  }
}

function toResponse(
  { from, to, granularity }: UsageRange,
  { counts, buckets }: Usage,
): { from: string; to: string; granularity: Granularity; counts: UsageCountsDto; buckets: UsageBucketDto[] } {
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    granularity,
    counts,
    buckets: buckets.map((bucket) => ({ start: bucket.start.toISOString(), counts: bucket.counts })),
  };
}
