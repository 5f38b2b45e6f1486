import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { ImportKeysDto, ImportKeysResultDto } from './key-import.dto.js';

export const KeyImportDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('API keys'), ApiBearerAuth('bearer'));

export const ImportApiKeysDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'importApiKeys',
      summary: 'Import up to 1,000 keys that were issued elsewhere',
      description:
        'By their SHA-256, so that a team moves here without issuing its keys anew: they are verified, changed, rotated ' +
        'and revoked as any other. Such a key has 16 to 255 characters, and comes in `x-api-key` where a gateway asks. ' +
        'Other applications may import the same key: the service key that verifies it, or `applicationId`, says whose is meant. ' +
        'With `dryRun` nothing is imported: see first what would become of each.',
    }),
    ApiBody({
      type: ImportKeysDto,
      examples: {
        keys: {
          summary: 'One by the SHA-256 in hex, one in base64url',
          value: {
            keys: [
              {
                sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
                prefix: 'sk_live_',
                name: 'production collector',
                scopes: ['telemetry:write'],
              },
              { sha256: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', externalId: 'customer-42' },
            ],
          },
        },
      },
    }),
    ApiOkResponse({
      type: ImportKeysResultDto,
      example: {
        results: [{ outcome: 'imported', id: '019b76da-a800-7000-8000-000000000002' }, { outcome: 'exists' }],
      },
    }),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'policy_violation',
      'api_key_limit_reached',
      'daily_key_limit_reached',
    ),
  );
