import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { RequireScopes } from '../../auth/index.js';
import { ChangeBalanceDto, CreditsDto, LimitsService, toBalanceChange } from '../../metering/index.js';
import type { ApiKey } from '../domain/api-key.js';
import { ApiKeyAccess, CurrentApiKey } from './api-key-access.guard.js';
import { ChangeApiKeyCreditsDocs, KeyCreditsDocs } from './key-credits.docs.js';

@KeyCreditsDocs()
@Controller('apikey/:id/credits')
export class KeyCreditsController {
  constructor(private readonly limits: LimitsService) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApiKeyAccess('manage-keys')
  @ChangeApiKeyCreditsDocs()
  change(@CurrentApiKey() key: ApiKey, @Body() body: ChangeBalanceDto): Promise<CreditsDto> {
    return this.limits.changeBalance(key.id, toBalanceChange(body));
  }
}
