import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { KEY_ID_IN_PATH } from '../../api-keys/index.js';
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { DenialPageDto } from './denials.dto.js';

const WHAT_IS_KEPT =
  'The latest first: the last 100 of each key, for 30 days. Of many alike the first are kept, and the others counted ' +
  '(`repeated`). Whoever shows a key is told none of it.';

export const DenialsDocs = (): ClassDecorator => applyDecorators(ApiTags('Denials'), ApiBearerAuth('bearer'));

export const ListApiKeyDenialsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listApiKeyDenials',
      summary: 'Read why a key was refused',
      description: WHAT_IS_KEPT,
    }),
    ApiParam(KEY_ID_IN_PATH),
    ApiOkResponse({ type: DenialPageDto }),
    ApiProblems(
      'validation_failed',
      'invalid_cursor',
      'insufficient_scope',
      'not_application_owner',
      'api_key_not_found',
    ),
  );

export const ListApplicationDenialsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listApplicationDenials',
      summary: 'Read why keys of an application were refused',
      description: `Also what was shown to its services and is no key of it, the last 100. ${WHAT_IS_KEPT}`,
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: DenialPageDto }),
    ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope', 'not_application_owner'),
  );
