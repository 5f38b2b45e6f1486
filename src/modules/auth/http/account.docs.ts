import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';

export const AccountDocs = (): ClassDecorator => applyDecorators(ApiTags('Auth'), ApiBearerAuth('bearer'));

export const DeleteAccountDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'deleteAccount',
      summary: 'Delete your account',
      description:
        'Ends all your sessions and your membership in every application. Applications whose last owner you are stand in ' +
        'the way: hand them on, or delete them, first. Keys that you have issued belong to their applications and stay. ' +
        'When this is answered, no node accepts a token of the account any more. Accounts of another issuer are not kept here.',
    }),
    ApiNoContentResponse({ description: 'There is no such account any more.' }),
    ApiProblems(
      'validation_failed',
      'wrong_password',
      'user_not_found',
      'owns_applications',
      'too_many_requests',
    ),
  );
