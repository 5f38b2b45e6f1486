import { Body, Controller, Get, HttpCode, Patch, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
  type ApiBodyOptions,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { RequireScopes } from '../../auth/index.js';
import { LimitsService, type BalanceChange } from '../application/limits.service.js';
import {
  ApplicationLimitsDto,
  ChangeApplicationLimitsDto,
  ChangeBalanceDto,
  CreditsDto,
} from './limits.dto.js';

const APPLICATION_IN_PATH = {
  name: 'id',
  description: 'The id of the application.',
  schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' },
};
export const BALANCE_BODY: ApiBodyOptions = {
  type: ChangeBalanceDto,
  examples: {
    add: { summary: 'Add to it', value: { add: 100 } },
    take: { summary: 'Take from it', value: { add: -100 } },
    set: { summary: 'Set it', value: { set: 5000 } },
  },
};

export const BALANCE_DESCRIPTION =
  'Give either `set` or `add`. Nothing that is spent at the same time is lost, and the balance never falls below ' +
  'zero: then nothing is changed. The refill stays as it is.';

@ApiTags('Limits and credits')
@ApiBearerAuth('bearer')
@Controller()
export class ApplicationLimitsController {
  constructor(private readonly limits: LimitsService) {}

  @Get('applications/:id/limits')
  @RequireScopes('apikeys:read')
  @ApplicationAccess({ from: 'path', need: 'read' })
  @ApiOperation({
    operationId: 'getApplicationLimits',
    summary: 'Read what the keys of an application share',
    description: 'Rate limits and credits that all keys of the application use up together.',
  })
  @ApiParam(APPLICATION_IN_PATH)
  @ApiOkResponse({ type: ApplicationLimitsDto })
  @ApiProblems('validation_failed', 'insufficient_scope')
  get(@CurrentApplication() application: Application): Promise<ApplicationLimitsDto> {
    return this.limits.get(application.id);
  }

  @Patch('applications/:id/limits')
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'path', need: 'manage-keys' })
  @ApiOperation({
    operationId: 'changeApplicationLimits',
    summary: 'Change what the keys of an application share',
    description:
      'Fields that are left out stay as they are. When this is answered it holds for every verification. Limits ' +
      'that keep their name keep what they have counted.',
  })
  @ApiParam(APPLICATION_IN_PATH)
  @ApiBody({
    type: ChangeApplicationLimitsDto,
    examples: {
      limit: {
        summary: 'A thousand verifications a minute for all keys together',
        value: { rateLimits: [{ name: 'all-keys', limit: 1000, windowSeconds: 60 }] },
      },
      meter: {
        summary: 'Credits that are filled up on the last day of each month',
        value: { credits: { remaining: 5000, refill: { amount: 5000, interval: 'monthly', day: 31 } } },
      },
      lift: { summary: 'No limits and no credits', value: { rateLimits: [], credits: null } },
    },
  })
  @ApiOkResponse({ type: ApplicationLimitsDto })
  @ApiProblems('validation_failed', 'insufficient_scope', 'no_credits')
  change(
    @CurrentApplication() application: Application,
    @Body() body: ChangeApplicationLimitsDto,
  ): Promise<ApplicationLimitsDto> {
    return this.limits.change(application.id, body);
  }

  @Post('applications/:id/credits')
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'path', need: 'manage-keys' })
  @ApiOperation({
    operationId: 'changeApplicationCredits',
    summary: 'Set the credits that the keys of an application share, or add to them',
    description: BALANCE_DESCRIPTION,
  })
  @ApiParam(APPLICATION_IN_PATH)
  @ApiBody(BALANCE_BODY)
  @ApiOkResponse({ type: CreditsDto, description: 'The credits after the change.' })
  @ApiProblems('validation_failed', 'insufficient_scope', 'no_credits', 'credits_out_of_range')
  changeApplicationCredits(
    @CurrentApplication() application: Application,
    @Body() body: ChangeBalanceDto,
  ): Promise<CreditsDto> {
    return this.limits.changeBalance(application.id, toBalanceChange(body));
  }
}

/** The body has been checked: it has one of the two. */
export function toBalanceChange({ set, add = 0 }: ChangeBalanceDto): BalanceChange {
  return set === undefined ? { add } : { set };
}
