import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { KEY_ID_IN_PATH } from '../../api-keys/index.js';
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { ApplicationUsageDto, KeyUsageDto } from './usage.dto.js';
import { UsageOfKeysDto } from './usage-of-keys.dto.js';

const HOW_FRESH =
  'Hours and days are those of UTC. A verification is counted within about a second; one that spends credits at once.';

export const UsageDocs = (): ClassDecorator => applyDecorators(ApiTags('Usage'), ApiBearerAuth('bearer'));

export const GetApiKeyUsageDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getApiKeyUsage',
      summary: 'Read how often a key was verified',
      description: `By verdict, and by the hour or the day. ${HOW_FRESH}`,
    }),
    ApiParam(KEY_ID_IN_PATH),
    ApiOkResponse({ type: KeyUsageDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner', 'api_key_not_found'),
  );

export const GetApplicationUsageDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getApplicationUsage',
      summary: 'Read how often the keys of an application were verified',
      description:
        'By verdict, by the hour or the day, and by key, customer or tag. Keys that were deleted since still count. ' +
        HOW_FRESH,
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: ApplicationUsageDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner'),
  );

export const GetUsageOfKeysDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getUsageOfKeys',
      summary: 'Read how often up to 100 keys were verified on each of the last 30 days',
      description: `One call for all keys of a page. A key that is not of the application is left out. ${HOW_FRESH}`,
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: UsageOfKeysDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'not_application_owner'),
  );
