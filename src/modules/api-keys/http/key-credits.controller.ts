import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { ChangeBalanceDto, CreditsDto, LimitsService, toBalanceChange } from '../../metering/index.js';
import type { HandedOutKey } from '../domain/api-key.js';
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
  change(
    @CurrentActor() actor: Actor,
    @CurrentApiKey() { id, applicationId }: HandedOutKey,
    @Body() body: ChangeBalanceDto,
  ): Promise<CreditsDto> {
    return this.limits.changeBalance(actor, { kind: 'key', id, applicationId }, toBalanceChange(body));
  }
}
