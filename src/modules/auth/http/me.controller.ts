import { Controller, Get } from '@nestjs/common';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { AccountMails } from '../application/account-mails.service.js';
import { AuthService } from '../application/auth.service.js';
import type { Principal } from '../domain/principal.js';
import { AuthDocs, GetMeDocs } from './auth.docs.js';
import { CurrentPrincipal } from './current-principal.decorator.js';
import { MeDto } from './me.dto.js';
import { RequireScopes } from './require-scopes.decorator.js';

@AuthDocs()
@Controller('auth/me')
export class MeController {
  constructor(
    private readonly auth: AuthService,
    private readonly mails: AccountMails,
  ) {}

  @Get()
  @RequireScopes()
  @GetMeDocs()
  async me(@CurrentPrincipal() principal: Principal): Promise<MeDto> {
    const scope = [...principal.scopes].join(' ');
    if (principal.issuer !== LOCAL_ISSUER) return { id: principal.subject, email: null, name: null, scope };
    const { id, email, name, isEmailVerified } = await this.auth.profileOf(principal.subject);
    return { id, email, name, ...(this.mails.isAvailable && { emailVerified: isEmailVerified }), scope };
  }
}
