import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../../shared/actor.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import type { Subject } from '../../../shared/subject.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { MemberService } from '../application/member.service.js';
import type { Application } from '../domain/application.js';
import { ApplicationAccess, CurrentApplication } from './application-access.guard.js';
import { ApplicationDto, toApplicationResponse } from './application.dto.js';
import {
  AssignRoleDto,
  IssuerQueryDto,
  MemberDto,
  MemberPageDto,
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
import { PersonInPath, personInPath, readPerson } from './named-person.js';

@MembersDocs()
@Controller('applications/:id')
export class MembersController {
  constructor(private readonly members: MemberService) {}

  @Get('members')
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read-members' })
  @ListMembersDocs()
  async list(
    @CurrentApplication() application: Application,
    @Query() query: PageQueryDto,
  ): Promise<MemberPageDto> {
    const page = await this.members.list(application.id, query);
    return { ...page, data: page.data.map(toMemberResponse) };
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
  ): Promise<MemberDto> {
    const person = readPerson(subject, body.issuer);
    const { member, isNew } = await this.members.assign(actor, application.id, person, body.role);
    reply.code(isNew ? 201 : 200);
    return toMemberResponse(member);
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
    @Query() _query: IssuerQueryDto,
  ): Promise<void> {
    await this.members.remove(actor, application.id, person);
  }

  @Post('transfer')
  @HttpCode(200)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-members' })
  @TransferApplicationDocs()
  async transfer(
    @CurrentApplication() application: Application,
    @CurrentActor() actor: Actor,
    @Body() { subject, issuer }: TransferDto,
  ): Promise<ApplicationDto> {
    return toApplicationResponse(
      await this.members.transfer(actor, application.id, readPerson(subject, issuer)),
    );
  }
}
