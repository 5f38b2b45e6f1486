import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags, type ApiResponseOptions } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import {
  FederatedTokensDto,
  FinishSignInDto,
  SignInLocationDto,
  SignOutLocationDto,
} from './federated-session.dto.js';

const setsCookie = (name: string): NonNullable<ApiResponseOptions['headers']> => ({
  'Set-Cookie': {
    description: 'What only this service can read, `HttpOnly` and `SameSite=Strict`, for this host alone.',
    schema: { type: 'string' },
    example: `__Host-${name}=eyJhbGciOiJkaXIi…; Path=/; HttpOnly; SameSite=Strict; Secure`,
  },
});

export const FederatedSessionDocs = (): ClassDecorator => applyDecorators(ApiTags('Auth'));

export const BeginSignInDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'beginFederatedSignIn',
      summary: 'Begin to sign in at the provider, on a page of this service',
      description:
        'For the dashboard, where the operator has named a provider of OpenID Connect (`DASHBOARD_OIDC_ISSUER`). The ' +
        'browser goes to `location`, and comes back to `/dashboard/callback` within ten minutes.',
    }),
    ApiOkResponse({ type: SignInLocationDto, headers: setsCookie('upblit_sign_in') }),
    ApiProblems(
      'invalid_request',
      'validation_failed',
      'not_found',
      'cross_site_request',
      'too_many_requests',
    ),
  );

export const FinishSignInDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'finishFederatedSignIn',
      summary: "Exchange the provider's answer for an access token",
      description:
        'The authorization code flow with PKCE, `state` and `nonce`; where the provider names itself (RFC 9207), its ' +
        '`iss` is compared. The access token is the provider’s own.',
    }),
    ApiBody({ type: FinishSignInDto }),
    ApiOkResponse({ type: FederatedTokensDto, headers: setsCookie('upblit_federated') }),
    ApiProblems(
      'validation_failed',
      'not_found',
      'sign_in_failed',
      'cross_site_request',
      'too_many_requests',
    ),
  );

export const RefreshFederatedDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'refreshFederatedSession',
      summary: 'Get the next access token from the provider',
      description:
        'A login that has ended at the provider ends here with it. An answer 503 may set the cookie, too: the call may ' +
        'be repeated, as it is.',
    }),
    ApiOkResponse({ type: FederatedTokensDto, headers: setsCookie('upblit_federated') }),
    ApiProblems(
      'validation_failed',
      'not_found',
      'invalid_refresh_token',
      'cross_site_request',
      'too_many_requests',
    ),
  );

export const EndFederatedDocs = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      operationId: 'endFederatedSession',
      summary: 'Sign out of a login at the provider',
      description:
        'The provider forgets the refresh token, and the cookie is deleted. May be repeated. Its access tokens are good ' +
        'until they expire.',
    }),
    ApiOkResponse({ type: SignOutLocationDto }),
    ApiProblems(
      'invalid_request',
      'validation_failed',
      'not_found',
      'cross_site_request',
      'too_many_requests',
    ),
  );
