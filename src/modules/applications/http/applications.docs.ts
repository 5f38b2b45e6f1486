import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { ApplicationDto, ApplicationPageDto } from './application.dto.js';

export const APPLICATION_ID_IN_PATH = {
  name: 'id',
  description: 'The id of the application.',
  schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' },
};

export const ApplicationsDocs = (): ClassDecorator =>
  applyDecorators(ApiTags('Applications'), ApiBearerAuth('bearer'));

export const CreateApplicationDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'createApplication',
      summary: 'Create an application',
      description: 'It belongs to whoever the access token speaks for. Keys are issued for it.',
    }),
    ApiCreatedResponse({
      type: ApplicationDto,
      headers: {
        Location: {
          description: 'The path of the application.',
          schema: { type: 'string' },
          example: '/applications/019b76da-a800-7000-8000-000000000001',
        },
      },
    }),
    ApiProblems(
      'validation_failed',
      'insufficient_scope',
      'application_limit_reached',
      'daily_application_limit_reached',
    ),
  );

export const ListApplicationsDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'listApplications',
      summary: 'List your applications, newest first',
      description: 'Those that the caller is a member of, in whatever role.',
    }),
    ApiOkResponse({ type: ApplicationPageDto }),
    ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope'),
  );

export const GetApplicationDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'getApplication',
      summary: 'Read one application',
      description: 'For every member of it.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: ApplicationDto }),
    ApiProblems('validation_failed', 'insufficient_scope'),
  );

export const ChangeApplicationDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeApplication',
      summary: 'Change an application',
      description: 'Fields that are left out stay as they are.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiOkResponse({ type: ApplicationDto }),
    ApiProblems('validation_failed', 'insufficient_scope', 'edit_conflict'),
  );

export const DeleteApplicationDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'deleteApplication',
      summary: 'Delete an application and revoke all its keys',
      description:
        'Every key of the application is revoked with it, however many there are. There is no way back. Repeat a call that was ' +
        'answered 503: 404 then says that the application is deleted and none of its keys is valid any more.',
    }),
    ApiParam(APPLICATION_ID_IN_PATH),
    ApiNoContentResponse({ description: 'Deleted; none of its keys is valid any more.' }),
    ApiProblems('validation_failed', 'insufficient_scope'),
  );
