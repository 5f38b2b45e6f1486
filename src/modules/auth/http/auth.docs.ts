import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { RegisterDto } from './credentials.dto.js';
import { MeDto } from './me.dto.js';
import { TokensDto } from './tokens.dto.js';

export const AuthDocs = (): ClassDecorator => applyDecorators(ApiTags('Auth'));

const PERSON = { email: 'ann@example.org', password: 'a long walk in the hills', name: 'Ann' };

export const RegisterBody = (): MethodDecorator =>
  ApiBody({
    type: RegisterDto,
    examples: {
      open: { summary: 'Where everybody may register', value: PERSON },
      invite: {
        summary: 'With an invitation',
        value: { ...PERSON, invitation: 'upblit_ot_IeoAGoT5b0VGe38SEKb6o8uvNc6ZAhgtSFjT3bHd3vs' },
      },
    },
  });

export const RegisterDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'register',
      summary: 'Create an account and sign in',
      description: 'An email is taken in any case of its letters. The tokens are those of a login.',
    }),
    RegisterBody(),
    ApiCreatedResponse({ type: TokensDto }),
    ApiProblems(
      'validation_failed',
      'weak_password',
      'invitation_required',
      'invalid_one_time_token',
      'email_taken',
      'too_many_requests',
    ),
  );

export const LoginDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'login',
      summary: 'Sign in',
      description: 'An unknown email and a wrong password get the same answer, after the same work.',
    }),
    ApiOkResponse({ type: TokensDto }),
    ApiProblems(
      'validation_failed',
      'invalid_scope',
      'invalid_credentials',
      'account_disabled',
      'too_many_requests',
    ),
  );

export const RefreshDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'refresh',
      summary: 'Exchange a refresh token for new tokens',
      description:
        'The refresh token is spent. One that is shown again has been stolen or copied, so the whole login it comes from is ended.',
    }),
    ApiOkResponse({ type: TokensDto }),
    ApiProblems('validation_failed', 'invalid_refresh_token', 'too_many_requests'),
  );

export const LogoutDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'logout',
      summary: 'End a login',
      description:
        'When this is answered, no node accepts its refresh tokens or access tokens any more. May be repeated.',
    }),
    ApiNoContentResponse({ description: 'Ended, or it was before.' }),
    ApiProblems('validation_failed', 'too_many_requests'),
  );

export const GetMeDocs = (): MethodDecorator =>
  applyDecorators(
    ApiBearerAuth('bearer'),
    ApiOperation({
      operationId: 'getMe',
      summary: 'Who the access token speaks for',
      description: 'Tells a client whose token it holds, and what the token may be used for.',
    }),
    ApiOkResponse({ type: MeDto }),
  );
