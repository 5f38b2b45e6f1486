import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { APPLICATION_ID_IN_PATH } from '../../applications/index.js';
import { AUDIT_ACTIONS } from '../domain/audit-actions.js';
import { AuditEventPageDto } from './audit.dto.js';

export const AuditDocs = (): ClassDecorator => applyDecorators(ApiTags('Audit'), ApiBearerAuth('bearer'));

export const ListAuditDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listAuditEvents',
      summary: 'Who has changed what in an application, newest first',
      description:
        'Every change of the application, its members, keys and limits is here as soon as it is answered, and for good. ' +
        'No event holds a secret, nor the hash of one. The actions:\n\n' +
        Object.entries(AUDIT_ACTIONS)
          .map(([action, { says }]) => `- \`${action}\`: ${says}`)
          .join('\n'),
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: AuditEventPageDto }),
    ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope'),
  );

export const ExportAuditDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'exportAuditEvents',
      summary: 'All events of an application, as lines of JSON',
      description:
        'The oldest first, one on each line (NDJSON), up to the one that is the last when the call comes. Each event ' +
        'holds the hash of the one before, and lines of the form `{"checkpoint": JWS}` are signed with a key of ' +
        '`/.well-known/jwks.json`; the last line is one of the last event. So `npm run audit:verify` can tell, from ' +
        'the export and that key alone, that nothing was changed, taken out or put in.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({
      description: 'The events.',
      content: {
        'application/x-ndjson': {
          schema: { type: 'string' },
          example:
            '{"chain":"019b76da-a800-7000-8000-000000000001","event":{"action":"ApplicationCreated"},"seq":1}\n',
        },
      },
    }),
    ApiProblems('validation_failed', 'insufficient_scope'),
  );
