import { Body, Controller, Delete, HttpCode } from '@nestjs/common';
import type { Actor, Origin } from '../../../shared/actor.js';
import { AccountDeletionService } from '../application/account-deletion.service.js';
import type { Principal } from '../domain/principal.js';
import { AccountDocs, DeleteAccountDocs } from './account.docs.js';
import { DeleteAccountDto } from './account.dto.js';
import { CurrentActor, CurrentOrigin } from './current-actor.decorator.js';
import { CurrentPrincipal } from './current-principal.decorator.js';
import { RequireScopes } from './require-scopes.decorator.js';

@AccountDocs()
@Controller('auth/me')
export class AccountController {
  constructor(private readonly deletion: AccountDeletionService) {}

  @Delete()
  @HttpCode(204)
  @RequireScopes()
  @DeleteAccountDocs()
  async delete(
    @CurrentActor() actor: Actor,
    @CurrentPrincipal() { sessionId }: Principal,
    @CurrentOrigin() { address }: Origin,
    @Body() { password }: DeleteAccountDto,
  ): Promise<void> {
    await this.deletion.delete(actor, sessionId, password, address);
  }
}
