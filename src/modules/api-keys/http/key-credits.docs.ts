import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { BALANCE_BODY, BALANCE_DESCRIPTION, CreditsDto } from '../../metering/index.js';
import { KEY_ID_IN_PATH } from './api-keys.docs.js';

export const KeyCreditsDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Limits and credits'), ApiBearerAuth('bearer'));

export const ChangeApiKeyCreditsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeApiKeyCredits',
      summary: 'Set the credits of a key, or add to them',
      description: BALANCE_DESCRIPTION,
    }),
    ApiParam(KEY_ID_IN_PATH),
    ApiBody(BALANCE_BODY),
    ApiOkResponse({ type: CreditsDto, description: 'The credits after the change.' }),
    ApiProblems('validation_failed', 'insufficient_scope', 'no_credits', 'credits_out_of_range'),
  );
