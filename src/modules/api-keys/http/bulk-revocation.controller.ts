import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { DomainError } from '../../../shared/domain-error.js';
import { NamesNoApplication } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { BulkRevocationService, type RevocationSelection } from '../application/bulk-revocation.service.js';
import { BulkRevocationDocs, RevokeApiKeysDocs } from './bulk-revocation.docs.js';
import { BulkRevocationDto, BulkRevocationResultDto } from './bulk-revocation.dto.js';

@BulkRevocationDocs()
@Controller('apikey/bulk-revoke')
export class BulkRevocationController {
  constructor(private readonly revocations: BulkRevocationService) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  // Its body may name keys of many applications: the service judges the caller's part in each.
  @NamesNoApplication()
  @RevokeApiKeysDocs()
  async revoke(
    @CurrentActor() actor: Actor,
    @Body() body: BulkRevocationDto,
  ): Promise<BulkRevocationResultDto> {
    return { results: await this.revocations.revoke(actor, toSelection(body)) };
  }
}

/** Ids are compared in lower case (RFC 9562, section 4). */
function toSelection({ ids, applicationId, filter }: BulkRevocationDto): RevocationSelection {
  if (ids !== undefined && applicationId === undefined && filter === undefined) {
    return { ids: ids.map((id) => id.toLowerCase()) };
  }
  if (ids === undefined && applicationId !== undefined && filter !== undefined) {
    return { applicationId: applicationId.toLowerCase(), filter };
  }
  const message = 'must be given alone, or applicationId and filter without it';
  throw new DomainError('validation_failed', `ids ${message}.`, { errors: [{ field: 'ids', message }] });
}
