import { applyDecorators } from '@nestjs/common';
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
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import {
  ApplicationLimitsDto,
  ChangeApplicationLimitsDto,
  ChangeBalanceDto,
  CreditsDto,
} from './limits.dto.js';

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

export const ApplicationLimitsDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Limits and credits'), ApiBearerAuth('bearer'));

export const GetApplicationLimitsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getApplicationLimits',
      summary: 'Read what the keys of an application share',
      description: 'Rate limits and credits that all keys of the application use up together.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: ApplicationLimitsDto }),
    ApiProblems('validation_failed', 'insufficient_scope'),
  );

export const ChangeApplicationLimitsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeApplicationLimits',
      summary: 'Change what the keys of an application share',
      description:
        'Fields that are left out stay as they are. When this is answered it holds for every verification. Limits ' +
        'that keep their name keep what they have counted.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiBody({
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
    }),
    ApiOkResponse({ type: ApplicationLimitsDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'no_credits'),
  );

export const ChangeApplicationCreditsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeApplicationCredits',
      summary: 'Set the credits that the keys of an application share, or add to them',
      description: BALANCE_DESCRIPTION,
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiBody(BALANCE_BODY),
    ApiOkResponse({ type: CreditsDto, description: 'The credits after the change.' }),
    ApiProblems('validation_failed', 'insufficient_scope', 'no_credits', 'credits_out_of_range'),
  );
