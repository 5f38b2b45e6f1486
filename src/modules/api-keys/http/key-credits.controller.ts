import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { RequireScopes } from '../../auth/index.js';
import {
  BALANCE_BODY,
  BALANCE_DESCRIPTION,
  ChangeBalanceDto,
  CreditsDto,
  LimitsService,
  toBalanceChange,
} from '../../metering/index.js';
import type { ApiKey } from '../domain/api-key.js';
import { ApiKeyAccess, CurrentApiKey } from './api-key-access.guard.js';

const KEY_IN_PATH = {
  name: 'id',
  description: 'The id of the key.',
  schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000002' },
};

@ApiTags('Limits and credits')
@ApiBearerAuth('bearer')
@Controller('apikey/:id/credits')
export class KeyCreditsController {
  constructor(private readonly limits: LimitsService) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @ApiOperation({
    operationId: 'changeApiKeyCredits',
    summary: 'Set the credits of a key, or add to them',
    description: BALANCE_DESCRIPTION,
  })
  @ApiParam(KEY_IN_PATH)
  @ApiBody(BALANCE_BODY)
  @ApiOkResponse({ type: CreditsDto, description: 'The credits after the change.' })
  @ApiProblems('validation_failed', 'insufficient_scope', 'no_credits', 'credits_out_of_range')
  change(@CurrentApiKey() key: ApiKey, @Body() body: ChangeBalanceDto): Promise<CreditsDto> {
    return this.limits.changeBalance(key.id, toBalanceChange(body));
  }
}
