import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DomainError } from '../../../shared/domain-error.js';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { NamesNoApplication } from '../../applications/index.js';
import { CurrentPrincipal, RequireScopes, type Principal } from '../../auth/index.js';
import { BulkRevocationService, type RevocationSelection } from '../application/bulk-revocation.service.js';
import { BulkRevocationDto, BulkRevocationResultDto } from './bulk-revocation.dto.js';

@ApiTags('API keys')
@ApiBearerAuth('bearer')
@Controller('apikey/bulk-revoke')
export class BulkRevocationController {
  constructor(private readonly revocations: BulkRevocationService) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  // Its body may name keys of many applications: the service judges the caller's part in each.
  @NamesNoApplication()
  @ApiOperation({
    operationId: 'revokeApiKeys',
    summary: 'Revoke up to 1,000 keys for good',
    description:
      'Either the keys that `ids` names, or the keys of one application that fit the filter. It takes the role ' +
      'owner or admin in each application. The answer says what became of each key, and that no node accepts any of ' +
      'the revoked ones.',
  })
  @ApiBody({
    type: BulkRevocationDto,
    examples: {
      ids: { summary: 'Keys by their ids', value: { ids: ['019b76da-a800-7000-8000-000000000002'] } },
      filter: {
        summary: 'All keys of a customer',
        value: {
          applicationId: '019b76da-a800-7000-8000-000000000001',
          filter: { externalId: 'customer-42' },
        },
      },
    },
  })
  @ApiOkResponse({
    type: BulkRevocationResultDto,
    example: {
      results: [
        { id: '019b76da-a800-7000-8000-000000000002', outcome: 'revoked' },
        { id: '019b76da-a800-7000-8000-000000000005', outcome: 'not_found' },
      ],
    },
  })
  @ApiProblems('validation_failed', 'not_application_owner', 'insufficient_role', 'application_not_found')
  async revoke(
    @CurrentPrincipal() principal: Principal,
    @Body() body: BulkRevocationDto,
  ): Promise<BulkRevocationResultDto> {
    return { results: await this.revocations.revoke(toSelection(body), principal) };
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
