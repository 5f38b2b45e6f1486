import { applyDecorators } from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { RegisterBody } from './auth.docs.js';
import { BrowserTokensDto } from './tokens.dto.js';

const SETS_COOKIE = {
  'Set-Cookie': {
    description: 'The refresh token, `HttpOnly` and `SameSite=Strict`, for this host alone.',
    schema: { type: 'string' },
    example: '__Host-upblit_session=upblit_rt_…; Path=/; HttpOnly; SameSite=Strict; Secure',
  },
} as const;

const DELETES_COOKIE = {
  'Set-Cookie': {
    description: 'Deletes the cookie.',
    schema: { type: 'string' },
    example: '__Host-upblit_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure',
  },
} as const;

export const BrowserSessionDocs = (): ClassDecorator => applyDecorators(ApiTags('Auth'));

export const BrowserRegisterDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'browserRegister',
      summary: 'Create an account and sign in, on a page of this service',
      description:
        'As `POST /auth/register`, with the refresh token in a cookie in place of the answer. Refused for pages of ' +
        'other origins, and for whoever is no browser.',
    }),
    RegisterBody(),
    ApiCreatedResponse({ type: BrowserTokensDto, headers: SETS_COOKIE }),
    ApiProblems(
      'validation_failed',
      'weak_password',
      'invitation_required',
      'invalid_one_time_token',
      'email_taken',
      'cross_site_request',
      'too_many_requests',
    ),
  );

export const BrowserLoginDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'browserLogin',
      summary: 'Sign in on a page of this service',
      description: 'As `POST /auth/login`, with the refresh token in a cookie in place of the answer.',
    }),
    ApiOkResponse({ type: BrowserTokensDto, headers: SETS_COOKIE }),
    ApiProblems(
      'validation_failed',
      'invalid_scope',
      'invalid_credentials',
      'account_disabled',
      'cross_site_request',
      'too_many_requests',
    ),
  );

export const BrowserRefreshDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'browserRefresh',
      summary: 'Exchange the refresh token in the cookie for new tokens',
      description:
        'As `POST /auth/refresh`: the refresh token is spent, and the cookie holds the next one. Tabs take turns, ' +
        'because a token that is shown twice ends the login.',
    }),
    ApiOkResponse({ type: BrowserTokensDto, headers: SETS_COOKIE }),
    ApiProblems('validation_failed', 'invalid_refresh_token', 'cross_site_request', 'too_many_requests'),
  );

export const BrowserLogoutDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'browserLogout',
      summary: 'End the login of the refresh token in the cookie',
      description: 'As `POST /auth/logout`, and the cookie is deleted. May be repeated.',
    }),
    ApiNoContentResponse({ description: 'Ended, or it was before.', headers: DELETES_COOKIE }),
    ApiProblems('validation_failed', 'cross_site_request', 'too_many_requests'),
  );
