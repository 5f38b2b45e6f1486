import { Body, Controller, Get, Header, HttpCode, Ip, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { Public } from '../../../shared/http/public.decorator.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { AuthService } from '../application/auth.service.js';
import type { Principal } from '../domain/principal.js';
import { LoginDto, RefreshTokenDto, RegisterDto } from './credentials.dto.js';
import { CurrentPrincipal } from './current-principal.decorator.js';
import { MeDto } from './me.dto.js';
import { RequireScopes } from './require-scopes.decorator.js';
import { TokensDto, toTokens } from './tokens.dto.js';

@ApiTags('Auth')
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('register')
  @Public()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'register',
    summary: 'Create an account and sign in',
    description: 'An email is taken in any case of its letters. The tokens are those of a login.',
  })
  @ApiCreatedResponse({ type: TokensDto })
  @ApiProblems('validation_failed', 'weak_password', 'email_taken', 'too_many_requests')
  async register(@Body() body: RegisterDto, @Ip() address: string): Promise<TokensDto> {
    return toTokens(await this.auth.register(body, address));
  }

  @Post('login')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'login',
    summary: 'Sign in',
    description: 'An unknown email and a wrong password get the same answer, after the same work.',
  })
  @ApiOkResponse({ type: TokensDto })
  @ApiProblems('validation_failed', 'invalid_scope', 'invalid_credentials', 'too_many_requests')
  async login(@Body() body: LoginDto, @Ip() address: string): Promise<TokensDto> {
    return toTokens(await this.auth.login(body, address));
  }

  @Post('refresh')
  @HttpCode(200)
  @Public()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'refresh',
    summary: 'Exchange a refresh token for new tokens',
    description:
      'The refresh token is spent. One that is shown again has been stolen or copied, so the whole login it comes from is ended.',
  })
  @ApiOkResponse({ type: TokensDto })
  @ApiProblems('validation_failed', 'invalid_refresh_token', 'too_many_requests')
  async refresh(@Body() body: RefreshTokenDto, @Ip() address: string): Promise<TokensDto> {
    return toTokens(await this.auth.refresh(body.refreshToken, address));
  }

  @Post('logout')
  @HttpCode(204)
  @Public()
  @ApiOperation({
    operationId: 'logout',
    summary: 'End a login',
    description:
      'None of its refresh tokens is good any more; its access tokens run out by themselves. May be repeated.',
  })
  @ApiNoContentResponse({ description: 'Ended, or it was before.' })
  @ApiProblems('validation_failed')
  async logout(@Body() body: RefreshTokenDto): Promise<void> {
    await this.auth.logout(body.refreshToken);
  }

  @Get('me')
  @RequireScopes()
  @ApiBearerAuth('bearer')
  @ApiOperation({
    operationId: 'getMe',
    summary: 'Who the access token speaks for',
    description: 'Tells a client whose token it holds, and what the token is good for.',
  })
  @ApiOkResponse({ type: MeDto })
  async me(@CurrentPrincipal() principal: Principal): Promise<MeDto> {
    const scope = [...principal.scopes].join(' ');
    if (principal.issuer !== LOCAL_ISSUER) return { id: principal.subject, email: null, name: null, scope };
    const { id, email, name } = await this.auth.profileOf(principal.subject);
    return { id, email, name, scope };
  }
}
