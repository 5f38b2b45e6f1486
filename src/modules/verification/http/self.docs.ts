import { applyDecorators } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { HeldKeyDto } from './self.dto.js';

export const SelfDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Verification'), ApiSecurity('api-key'));

export const DescribeSelfDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getOwnApiKey',
      summary: 'Read the state of the key one holds',
      description: 'Counts and spends nothing.',
    }),
    ApiOkResponse({ type: HeldKeyDto }),
    ApiProblems(
      'validation_failed',
      'multiple_credentials',
      'key_in_query',
      'missing_api_key',
      'invalid_api_key',
      'address_not_allowed',
      'too_many_requests',
    ),
  );

export const GiveUpSelfDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'giveUpApiKey',
      summary: 'Give up the key one holds',
      description:
        'Revokes it for good: when this has been answered, no node accepts it any more. From any address: a key that was found is given up by its finder. May be repeated.',
    }),
    ApiNoContentResponse({ description: 'Revoked, or it was before.' }),
    ApiProblems(
      'validation_failed',
      'multiple_credentials',
      'key_in_query',
      'missing_api_key',
      'invalid_api_key',
      'too_many_requests',
    ),
  );
