import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { readUuid } from '../../../shared/http/uuid.js';
import { SessionService } from '../application/session.service.js';
import type { Principal } from '../domain/principal.js';
import { AboutTheCaller } from './about-the-caller.decorator.js';
import { CurrentActor } from './current-actor.decorator.js';
import { CurrentPrincipal } from './current-principal.decorator.js';
import { RequireScopes } from './require-scopes.decorator.js';
import { SessionPageDto, toSessionResponse } from './session.dto.js';
import { EndOtherSessionsDocs, EndSessionDocs, ListSessionsDocs, SessionsDocs } from './sessions.docs.js';

@SessionsDocs()
@Controller('auth/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  @RequireScopes()
  @ListSessionsDocs()
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: PageQueryDto,
  ): Promise<SessionPageDto> {
    const page = await this.sessions.list(principal, query);
    return { ...page, data: page.data.map((session) => toSessionResponse(session, principal.sessionId)) };
  }

  @Delete()
  @HttpCode(204)
  @RequireScopes()
  @EndOtherSessionsDocs()
  async endOthers(@CurrentPrincipal() principal: Principal, @CurrentActor() actor: Actor): Promise<void> {
    await this.sessions.endOthers(actor, principal.sessionId);
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScopes()
  @AboutTheCaller()
  @EndSessionDocs()
  async end(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    await this.sessions.end(actor, readUuid('id', id));
  }
}
