import { applyDecorators } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiNoContentResponse, ApiOperation } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';

/** Where the operator has set up no server of mails, both calls are answered 404. */
const MAY_BE_MISSING = 'Answered `not_found` where the service sends no mails.';

export const ForgotPasswordDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'forgotPassword',
      summary: 'Ask for a mail with which to set a new password',
      description: `Whether anybody has this email cannot be told from the answer: it is looked up afterwards. The token of the mail is for \`POST /auth/password/reset\`. ${MAY_BE_MISSING}`,
    }),
    ApiAcceptedResponse({ description: 'If there is such an account, it gets a mail.' }),
    ApiProblems('validation_failed', 'not_found', 'too_many_requests'),
  );

export const RequestVerificationDocs = (): MethodDecorator =>
  applyDecorators(
    ApiBearerAuth('bearer'),
    ApiOperation({
      operationId: 'requestEmailVerification',
      summary: 'Ask for another mail with which to verify your email',
      description: `The first one is sent after registering. None is sent when the email is verified. ${MAY_BE_MISSING}`,
    }),
    ApiAcceptedResponse({ description: 'A mail is on its way.' }),
    ApiProblems('not_found', 'user_not_found', 'too_many_requests'),
  );

export const VerifyEmailDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'verifyEmail',
      summary: 'Verify an email with the one-time token of a mail',
      description: 'From then on `GET /auth/me` says so.',
    }),
    ApiNoContentResponse({ description: 'Verified.' }),
    ApiProblems('validation_failed', 'invalid_one_time_token', 'too_many_requests'),
  );
