import { Body, Controller, Header, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origin } from '../../../shared/actor.js';
import { DomainError } from '../../../shared/domain-error.js';
import { Public } from '../../../shared/http/public.decorator.js';
import { AuthService, type SignedIn } from '../application/auth.service.js';
import {
  BrowserLoginDocs,
  BrowserLogoutDocs,
  BrowserRefreshDocs,
  BrowserRegisterDocs,
  BrowserSessionDocs,
} from './browser-session.docs.js';
import { LoginDto, RegisterDto } from './credentials.dto.js';
import { CurrentOrigin } from './current-actor.decorator.js';
import { LimitCalls } from './limit-calls.guard.js';
import {
  BROWSER_SESSION_PATH,
  forgetRefreshToken,
  keepRefreshToken,
  keptRefreshToken,
} from './refresh-token-cookie.js';
import { SameOriginGuard } from './same-origin.guard.js';
import { BrowserTokensDto, toTokens } from './tokens.dto.js';

/**
 * The same logins for pages of this service: the refresh token is in a cookie that no script can read, and in no
 * answer.
 */
@BrowserSessionDocs()
@UseGuards(SameOriginGuard)
@Controller(BROWSER_SESSION_PATH)
export class BrowserSessionController {
  constructor(private readonly auth: AuthService) {}

  @Post('register')
  @LimitCalls('register')
  @Public()
  @Header('Cache-Control', 'no-store')
  @BrowserRegisterDocs()
  async register(
    @Body() body: RegisterDto,
    @CurrentOrigin() origin: Origin,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BrowserTokensDto> {
    return this.keepInPlace(await this.auth.register(body, origin), origin, request, reply);
  }

  @Post('login')
  @LimitCalls('login')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @BrowserLoginDocs()
  async login(
    @Body() body: LoginDto,
    @CurrentOrigin() origin: Origin,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BrowserTokensDto> {
    return this.keepInPlace(await this.auth.login(body, origin), origin, request, reply);
  }

  @Post('refresh')
  @LimitCalls('refresh')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @BrowserRefreshDocs()
  async refresh(
    @CurrentOrigin() origin: Origin,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BrowserTokensDto> {
    try {
      return keep(await this.auth.refresh(keptRefreshToken(request) ?? '', origin), request, reply);
    } catch (error) {
      if (error instanceof DomainError && error.code === 'invalid_refresh_token') {
        forgetRefreshToken(request, reply);
      }
      throw error;
    }
  }

  @Post('logout')
  @LimitCalls('logout')
  @HttpCode(204)
  @Public()
  @BrowserLogoutDocs()
  async logout(
    @CurrentOrigin() origin: Origin,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.auth.logout(keptRefreshToken(request) ?? '', origin);
    forgetRefreshToken(request, reply);
  }

  /** Ends the login that the browser has had until now: nobody would hold its cookie any more. */
  private async keepInPlace(
    signedIn: SignedIn,
    origin: Origin,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<BrowserTokensDto> {
    const before = keptRefreshToken(request);
    if (before !== undefined) await this.auth.logout(before, origin);
    return keep(signedIn, request, reply);
  }
}

function keep(signedIn: SignedIn, request: FastifyRequest, reply: FastifyReply): BrowserTokensDto {
  const { refreshToken, ...tokens } = toTokens(signedIn);
  keepRefreshToken(request, reply, refreshToken);
  return tokens;
}
