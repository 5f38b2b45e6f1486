import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';

export const ChangePasswordDocs = (): MethodDecorator =>
  applyDecorators(
    ApiBearerAuth('bearer'),
    ApiOperation({
      operationId: 'changePassword',
      summary: 'Change the password',
      description:
        'Needs the one that is changed. All other sessions of the account are ended, and when it is answered, their access tokens with them.',
    }),
    ApiNoContentResponse({ description: 'Changed. This session goes on.' }),
    ApiProblems('weak_password', 'wrong_password', 'user_not_found', 'too_many_requests'),
  );

export const ResetPasswordDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'resetPassword',
      summary: 'Set a new password with a one-time token',
      description:
        'The token comes from the operator, or by mail. It is spent, and all sessions of the account are ended: log in with the new password.',
    }),
    ApiNoContentResponse({ description: 'Set.' }),
    ApiProblems('weak_password', 'invalid_one_time_token', 'too_many_requests'),
  );
