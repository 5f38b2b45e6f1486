import { Body, Controller, Header, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../../../shared/domain-error.js';
import { Public } from '../../../shared/http/public.decorator.js';
import {
  FederatedSessionService,
  RefreshedInPart,
  SESSION_SECONDS,
  SIGN_IN_SECONDS,
  type FederatedSignedIn,
} from '../application/federated-session.service.js';
import {
  BeginSignInDocs,
  EndFederatedDocs,
  FederatedSessionDocs,
  FinishSignInDocs,
  RefreshFederatedDocs,
} from './federated-session.docs.js';
import {
  FederatedTokensDto,
  FinishSignInDto,
  SignInLocationDto,
  SignOutLocationDto,
  toFederatedTokens,
} from './federated-session.dto.js';
import { LimitCalls } from './limit-calls.guard.js';
import { BROWSER_SESSION_PATH, BrowserCookie } from './refresh-token-cookie.js';
import { SameOriginGuard } from './same-origin.guard.js';

const pendingSignIn = new BrowserCookie('upblit_sign_in', SIGN_IN_SECONDS);
const session = new BrowserCookie('upblit_federated', SESSION_SECONDS);

/**
 * Logins of people who have their account at a provider, for pages of this service. It is they that take the provider's
 * answer and hand it on, so that each of these calls comes from a page of the same origin, and no cookie has to be sent
 * with what another site leads to.
 */
@FederatedSessionDocs()
@UseGuards(SameOriginGuard)
@Controller(`${BROWSER_SESSION_PATH}/oidc`)
export class FederatedSessionController {
  constructor(private readonly sessions: FederatedSessionService) {}

  @Post('start')
  @LimitCalls('login')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @BeginSignInDocs()
  async start(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignInLocationDto> {
    const { location, sealed } = await this.sessions.begin(pageOf(request, 'callback'));
    pendingSignIn.keep(request, reply, sealed);
    return { location };
  }

  @Post('finish')
  @LimitCalls('login')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @FinishSignInDocs()
  async finish(
    @Body() { response }: FinishSignInDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FederatedTokensDto> {
    const signedIn = await this.sessions.finish(pendingSignIn.read(request), response);
    return keep(signedIn, request, reply);
  }

  @Post('refresh')
  @LimitCalls('refresh')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @RefreshFederatedDocs()
  async refresh(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FederatedTokensDto> {
    try {
      return keep(await this.sessions.refresh(session.read(request)), request, reply);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'invalid_refresh_token') {
        session.forget(request, reply);
      }
      if (error instanceof RefreshedInPart) session.keep(request, reply, error.sealed);
      throw error;
    }
  }

  @Post('logout')
  @LimitCalls('logout')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @EndFederatedDocs()
  async logout(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignOutLocationDto> {
    const location = await this.sessions.end(session.read(request), pageOf(request, 'sign-in'));
    session.forget(request, reply);
    return { location };
  }
}

function keep(signedIn: FederatedSignedIn, request: FastifyRequest, reply: FastifyReply): FederatedTokensDto {
  session.keep(request, reply, signedIn.sealed);
  return toFederatedTokens(signedIn);
}

/**
 * A page of the dashboard, where the browser has it: its origin is what the person sees, whatever proxies stand between. A
 * page cannot choose it, and the provider knows to which it may send somebody.
 */
function pageOf({ headers }: FastifyRequest, page: string): string {
  const { origin } = headers;
  if (origin === undefined || !URL.canParse(origin) || !/^https?:$/.test(new URL(origin).protocol)) {
    throw new DomainError('invalid_request', 'Call this from a page of this service, with its Origin.');
  }
  return `${new URL(origin).origin}/dashboard/${page}`;
}
