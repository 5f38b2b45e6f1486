import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { KeyExplanationDto } from './try-key.dto.js';

export const TryKeyDocs = (): MethodDecorator =>
  applyDecorators(
    ApiTags('Verification'),
    ApiBearerAuth('bearer'),
    ApiOperation({
      operationId: 'tryApiKey',
      summary: 'See how a key would be judged, check by check',
      description:
        'For owners and admins of its application, and for no machine. It counts no use, spends no credits and takes ' +
        'nothing of a rate limit, and the key is neither kept nor logged. What is no key of the application is ' +
        '`NOT_FOUND`, whatever else it is.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: KeyExplanationDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner', 'too_many_requests'),
  );
