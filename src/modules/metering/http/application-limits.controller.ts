import { Body, Controller, Get, HttpCode, Patch, Post } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { LimitsService, type BalanceChange } from '../application/limits.service.js';
import {
  ApplicationLimitsDocs,
  ChangeApplicationCreditsDocs,
  ChangeApplicationLimitsDocs,
  GetApplicationLimitsDocs,
} from './application-limits.docs.js';
import {
  ApplicationLimitsDto,
  ChangeApplicationLimitsDto,
  ChangeBalanceDto,
  CreditsDto,
} from './limits.dto.js';

@ApplicationLimitsDocs()
@Controller()
export class ApplicationLimitsController {
  constructor(private readonly limits: LimitsService) {}

  @Get('applications/:id/limits')
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', permission: 'read' })
  @GetApplicationLimitsDocs()
  get(@CurrentApplication() application: Application): Promise<ApplicationLimitsDto> {
    return this.limits.get(application.id);
  }

  @Patch('applications/:id/limits')
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-keys' })
  @ChangeApplicationLimitsDocs()
  change(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Body() body: ChangeApplicationLimitsDto,
  ): Promise<ApplicationLimitsDto> {
    return this.limits.change(actor, application.id, body);
  }

  @Post('applications/:id/credits')
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-keys' })
  @ChangeApplicationCreditsDocs()
  changeApplicationCredits(
    @CurrentActor() actor: Actor,
    @CurrentApplication() { id }: Application,
    @Body() body: ChangeBalanceDto,
  ): Promise<CreditsDto> {
    const subject = { kind: 'application', id, applicationId: id } as const;
    return this.limits.changeBalance(actor, subject, toBalanceChange(body));
  }
}

/** The body has been checked: it has one of the two. */
export function toBalanceChange({ set, add = 0 }: ChangeBalanceDto): BalanceChange {
  return set === undefined ? { add } : { set };
}
