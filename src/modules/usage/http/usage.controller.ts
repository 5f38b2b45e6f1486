import { Controller, Get, Query } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { ApiKeyAccess, CurrentApiKey, type HandedOutKey } from '../../api-keys/index.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { UsageService } from '../application/usage.service.js';
import type { DailyUsage, Usage } from '../domain/usage.js';
import { usageRange, type Granularity, type UsageRange } from '../domain/usage-range.js';
import { GetApiKeyUsageDocs, GetApplicationUsageDocs, GetUsageOfKeysDocs, UsageDocs } from './usage.docs.js';
import { UsageOfKeysDto, UsageOfKeysQueryDto } from './usage-of-keys.dto.js';
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
    @CurrentApplication() application: Application,
    @Query() query: ApplicationUsageQueryDto,
  ): Promise<ApplicationUsageDto> {
    const range = usageRange(query, this.clock.now());
    const { groupBy = 'key', limit = 20 } = query;
    const usage = await this.usage.usageOfApplication(actor, application, range, { groupBy, limit });
    return { applicationId: application.id, ...toResponse(range, usage), groupBy, groups: usage.groups };
  }

  @Get('applications/:id/usage/keys')
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'read' })
  @GetUsageOfKeysDocs()
  async ofKeys(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Query() query: UsageOfKeysQueryDto,
  ): Promise<UsageOfKeysDto> {
    const range = usageRange({}, this.clock.now());
    // Ids are compared in lower case (RFC 9562, section 4).
    const ids = query.ids.map((id) => id.toLowerCase());
    const keys = await this.usage.dailyUsageOf(actor, application, ids, range);
    return {
      applicationId: application.id,
      from: range.from.toISOString(),
      to: range.to.toISOString(),
      keys: keys.map(toDays),
    };
  }
}

function toDays({ keyId, valid, refused }: DailyUsage): UsageOfKeysDto['keys'][number] {
  return { keyId, valid: [...valid], refused: [...refused] };
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
