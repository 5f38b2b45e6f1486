import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../../shared/actor.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import type { Subject } from '../../../shared/subject.js';
import { AccountMails, CurrentActor, RequireScopes } from '../../auth/index.js';
import { MemberService } from '../application/member.service.js';
import type { Application } from '../domain/application.js';
import { Member } from '../domain/member.js';
import { ApplicationAccess, CurrentApplication } from './application-access.guard.js';
import {
  AssignRoleDto,
  MemberDto,
  MemberPageDto,
  RemovedMemberDto,
  RemoveMemberQueryDto,
  toMemberResponse,
  TransferDto,
} from './member.dto.js';
import {
  ListMembersDocs,
  MembersDocs,
  PutMemberDocs,
  RemoveMemberDocs,
  TransferApplicationDocs,
} from './members.docs.js';
import { OfferDto, toOfferResponse } from './offer.dto.js';
import { PersonInPath, personInPath, readPerson } from './named-person.js';

@MembersDocs()
@Controller('applications/:id')
export class MembersController {
  constructor(
    private readonly members: MemberService,
    private readonly mails: AccountMails,
  ) {}

  @Get('members')
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read-members' })
  @ListMembersDocs()
  async list(
    @CurrentApplication() application: Application,
    @CurrentActor() actor: Actor,
    @Query() query: PageQueryDto,
  ): Promise<MemberPageDto> {
    const { isAvailable } = this.mails;
    const page = await this.members.list(actor, application.id, query);
    return {
      ...page,
      data: page.data.map(({ member, account }) => toMemberResponse(member, account, isAvailable)),
    };
  }

  @Put('members/:subject')
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-members' })
  @PutMemberDocs()
  async put(
    @CurrentApplication() application: Application,
    @CurrentActor() actor: Actor,
    @Param('subject') subject: string,
    @Body() body: AssignRoleDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MemberDto | OfferDto> {
    const person = readPerson(subject, body.issuer);
    const result = await this.members.assign(actor, application.id, person, body.role);
    if (result instanceof Member) return toMemberResponse(result);
    reply.code(202);
    return toOfferResponse(result, application.name);
  }

  @Delete('members/:subject')
  @HttpCode(204)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-members', person: personInPath })
  @RemoveMemberDocs()
  async remove(
    @CurrentApplication() application: Application,
    @CurrentActor() actor: Actor,
    @PersonInPath() person: Subject,
    @Query() { revokeKeys = false }: RemoveMemberQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RemovedMemberDto | undefined> {
    const revokedKeys = await this.members.remove(actor, application.id, person, revokeKeys);
    if (!revokeKeys) return undefined;
    reply.code(200);
    return { revokedKeys };
  }

  @Post('transfer')
  @HttpCode(202)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-members' })
  @TransferApplicationDocs()
  async transfer(
    @CurrentApplication() application: Application,
    @CurrentActor() actor: Actor,
    @Body() { subject, issuer }: TransferDto,
  ): Promise<OfferDto> {
    const offer = await this.members.transfer(actor, application.id, readPerson(subject, issuer));
    return toOfferResponse(offer, application.name);
  }
}
