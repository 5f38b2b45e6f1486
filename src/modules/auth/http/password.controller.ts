import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { Actor, Origin } from '../../../shared/actor.js';
import { Public } from '../../../shared/http/public.decorator.js';
import { PasswordService } from '../application/password.service.js';
import type { Principal } from '../domain/principal.js';
import { AuthDocs } from './auth.docs.js';
import { CurrentActor, CurrentOrigin } from './current-actor.decorator.js';
import { CurrentPrincipal } from './current-principal.decorator.js';
import { LimitCalls } from './limit-calls.guard.js';
import { ChangePasswordDocs, ResetPasswordDocs } from './password.docs.js';
import { ChangePasswordDto, ResetPasswordDto } from './password.dto.js';
import { RequireScopes } from './require-scopes.decorator.js';

@AuthDocs()
@Controller('auth/password')
export class PasswordController {
  constructor(private readonly passwords: PasswordService) {}

  @Post()
  @HttpCode(204)
  @RequireScopes()
  @ChangePasswordDocs()
  async change(
    @Body() body: ChangePasswordDto,
    @CurrentPrincipal() { sessionId }: Principal,
    @CurrentActor() actor: Actor,
    @CurrentOrigin() origin: Origin,
  ): Promise<void> {
    await this.passwords.change(actor, sessionId, body, origin);
  }

  @Post('reset')
  @LimitCalls('reset')
  @HttpCode(204)
  @Public()
  @ResetPasswordDocs()
  async reset(@Body() body: ResetPasswordDto, @CurrentOrigin() origin: Origin): Promise<void> {
    await this.passwords.reset(body, origin);
  }
}
