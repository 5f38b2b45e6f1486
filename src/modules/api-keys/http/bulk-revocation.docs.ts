import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { BulkRevocationDto, BulkRevocationResultDto } from './bulk-revocation.dto.js';

export const BulkRevocationDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('API keys'), ApiBearerAuth('bearer'));

export const RevokeApiKeysDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'revokeApiKeys',
      summary: 'Revoke up to 1,000 keys for good',
      description:
        'Either the keys that `ids` names, or the keys of one application that fit the filter. It takes the role ' +
        'owner or admin in each application. The answer says what became of each key, and that no node accepts any of ' +
        'the revoked ones.',
    }),
    ApiBody({
      type: BulkRevocationDto,
      examples: {
        ids: { summary: 'Keys by their ids', value: { ids: ['019b76da-a800-7000-8000-000000000002'] } },
        filter: {
          summary: 'All keys of a customer',
          value: {
            applicationId: '019b76da-a800-7000-8000-000000000001',
            filter: { externalId: 'customer-42' },
          },
        },
      },
    }),
    ApiOkResponse({
      type: BulkRevocationResultDto,
      example: {
        results: [
          { id: '019b76da-a800-7000-8000-000000000002', outcome: 'revoked' },
          { id: '019b76da-a800-7000-8000-000000000005', outcome: 'not_found' },
        ],
      },
    }),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'not_application_owner',
      'insufficient_role',
      'application_not_found',
    ),
  );
