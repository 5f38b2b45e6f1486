import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { Origin } from '../../../shared/actor.js';
import { Public } from '../../../shared/http/public.decorator.js';
import { AccountMails } from '../application/account-mails.service.js';
import type { Principal } from '../domain/principal.js';
import { AuthDocs } from './auth.docs.js';
import { CurrentOrigin } from './current-actor.decorator.js';
import { CurrentPrincipal } from './current-principal.decorator.js';
import { LimitCalls } from './limit-calls.guard.js';
import { ForgotPasswordDocs, RequestVerificationDocs, VerifyEmailDocs } from './mail.docs.js';
import { ForgotPasswordDto, VerifyEmailDto } from './mail.dto.js';
import { RequireScopes } from './require-scopes.decorator.js';

/** What leads to a mail, and what a mail leads to. */
@AuthDocs()
@Controller('auth')
export class MailController {
  constructor(private readonly mails: AccountMails) {}

  @Post('password/forgot')
  @LimitCalls('mail')
  @HttpCode(202)
  @Public()
  @ForgotPasswordDocs()
  forgot(@Body() { email }: ForgotPasswordDto, @CurrentOrigin() origin: Origin): void {
    this.mails.requestReset(email, origin);
  }

  @Post('email/verification')
  @HttpCode(202)
  @RequireScopes()
  @RequestVerificationDocs()
  async requestVerification(
    @CurrentPrincipal() person: Principal,
    @CurrentOrigin() origin: Origin,
  ): Promise<void> {
    await this.mails.requestVerification(person, origin);
  }

  @Post('email/verify')
  @LimitCalls('verify')
  @HttpCode(204)
  @Public()
  @VerifyEmailDocs()
  async verify(@Body() { token }: VerifyEmailDto, @CurrentOrigin() origin: Origin): Promise<void> {
    await this.mails.verify(token, origin);
  }
}
