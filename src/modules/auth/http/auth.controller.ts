import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import type { Origin } from '../../../shared/actor.js';
import { Public } from '../../../shared/http/public.decorator.js';
import { AuthService } from '../application/auth.service.js';
import { AuthDocs, LoginDocs, LogoutDocs, RefreshDocs, RegisterDocs } from './auth.docs.js';
import { LoginDto, RefreshTokenDto, RegisterDto } from './credentials.dto.js';
import { CurrentOrigin } from './current-actor.decorator.js';
import { LimitCalls } from './limit-calls.guard.js';
import { TokensDto, toTokens } from './tokens.dto.js';

@AuthDocs()
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('register')
  @LimitCalls('register')
  @Public()
  @Header('Cache-Control', 'no-store')
  @RegisterDocs()
  async register(@Body() body: RegisterDto, @CurrentOrigin() origin: Origin): Promise<TokensDto> {
    return toTokens(await this.auth.register(body, origin));
  }

  @Post('login')
  @LimitCalls('login')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @LoginDocs()
  async login(@Body() body: LoginDto, @CurrentOrigin() origin: Origin): Promise<TokensDto> {
    return toTokens(await this.auth.login(body, origin));
  }

  @Post('refresh')
  @LimitCalls('refresh')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @RefreshDocs()
  async refresh(@Body() body: RefreshTokenDto, @CurrentOrigin() origin: Origin): Promise<TokensDto> {
    return toTokens(await this.auth.refresh(body.refreshToken, origin));
  }

  @Post('logout')
  @LimitCalls('logout')
  @HttpCode(204)
  @Public()
  @LogoutDocs()
  async logout(@Body() body: RefreshTokenDto, @CurrentOrigin() origin: Origin): Promise<void> {
    await this.auth.logout(body.refreshToken, origin);
  }
}
