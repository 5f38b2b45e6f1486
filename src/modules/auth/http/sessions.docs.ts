import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { SessionPageDto } from './session.dto.js';

export const SessionsDocs = (): ClassDecorator => applyDecorators(ApiTags('Auth'), ApiBearerAuth('bearer'));

export const ListSessionsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listSessions',
      summary: 'List your sessions, newest first',
      description:
        'A session is a login, with all tokens that came of it. People of another issuer have none here.',
    }),
    ApiOkResponse({ type: SessionPageDto }),
    ApiProblems('validation_failed', 'invalid_cursor'),
  );

export const EndSessionDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'endSession',
      summary: 'End one of your sessions',
      description:
        'When this is answered, no node accepts its access tokens or refresh tokens any more. It may be the one of this call.',
    }),
    ApiParam({
      name: 'id',
      schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000003' },
    }),
    ApiNoContentResponse({ description: 'It has ended.' }),
    ApiProblems('validation_failed', 'session_not_found'),
  );

export const EndOtherSessionsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'endOtherSessions',
      summary: 'End all your sessions but the one of this call',
      description:
        'When this is answered, no node accepts their access tokens or refresh tokens any more. By an access token that ' +
        'names no session (`sid`), all are ended.',
    }),
    ApiNoContentResponse({ description: 'They have ended, if there were any.' }),
  );
