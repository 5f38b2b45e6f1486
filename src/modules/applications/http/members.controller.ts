import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import type { Subject } from '../../../shared/subject.js';
import { CurrentPrincipal, RequireScopes, type Principal } from '../../auth/index.js';
import { MemberService } from '../application/member.service.js';
import type { Application } from '../domain/application.js';
import { ApplicationAccess, CurrentApplication } from './application-access.guard.js';
import { ApplicationDto, toResponse } from './application.dto.js';
import {
  AssignRoleDto,
  IssuerQueryDto,
  MemberDto,
  MemberPageDto,
  toMemberResponse,
  TransferDto,
} from './member.dto.js';
import { PersonInPath, personInPath, readPerson } from './named-person.js';

const ID = {
  name: 'id',
  description: 'The id of the application.',
  schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' },
};
const SUBJECT = {
  name: 'subject',
  description: 'Their `sub`, percent-encoded; of people who registered here, the id of `GET /auth/me`.',
  schema: { type: 'string', minLength: 1, maxLength: 255, example: '019b76da-a800-7000-8000-000000000009' },
};

@ApiTags('Applications')
@ApiBearerAuth('bearer')
@Controller('applications/:id')
export class MembersController {
  constructor(private readonly members: MemberService) {}

  @Get('members')
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', need: 'read' })
  @ApiOperation({
    operationId: 'listMembers',
    summary: "List an application's members, newest first",
    description: 'Every member may see who the others are.',
  })
  @ApiParam(ID)
  @ApiOkResponse({ type: MemberPageDto })
  @ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope')
  async list(
    @CurrentApplication() application: Application,
    @Query() query: PageQueryDto,
  ): Promise<MemberPageDto> {
    const page = await this.members.list(application.id, query);
    return { ...page, data: page.data.map(toMemberResponse) };
  }

  @Put('members/:subject')
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', need: 'manage-members' })
  @ApiOperation({
    operationId: 'putMember',
    summary: 'Make somebody a member, or change their role',
    description:
      'People of another issuer are named by its `issuer` too; it must be one whose tokens are taken here. An ' +
      'application always has an owner.',
  })
  @ApiParam(ID)
  @ApiParam(SUBJECT)
  @ApiBody({
    type: AssignRoleDto,
    examples: {
      local: { summary: 'Of somebody who registered here', value: { role: 'admin' } },
      foreign: {
        summary: 'Of somebody of another issuer',
        value: { role: 'viewer', issuer: 'https://login.example.com/' },
      },
    },
  })
  @ApiOkResponse({ type: MemberDto, description: 'They were a member, and have this role now.' })
  @ApiCreatedResponse({ type: MemberDto, description: 'They are a member now.' })
  @ApiProblems(
    'validation_failed',
    'insufficient_scope',
    'user_not_found',
    'member_limit_reached',
    'last_owner',
  )
  async put(
    @CurrentApplication() application: Application,
    @CurrentPrincipal() principal: Principal,
    @Param('subject') subject: string,
    @Body() body: AssignRoleDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MemberDto> {
    const person = readPerson(subject, body.issuer);
    const { member, isNew } = await this.members.assign(application.id, person, body.role, principal);
    reply.code(isNew ? 201 : 200);
    return toMemberResponse(member);
  }

  @Delete('members/:subject')
  @HttpCode(204)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', need: 'manage-members', person: personInPath })
  @ApiOperation({
    operationId: 'removeMember',
    summary: 'Take a member out, or leave',
    description:
      'Every member may take themselves out but the last owner. When the one whom the application names as its ' +
      'owner leaves, the owner who has been a member for longest takes their place.',
  })
  @ApiParam(ID)
  @ApiParam(SUBJECT)
  @ApiNoContentResponse({ description: 'They have no part in the application any more.' })
  @ApiProblems('validation_failed', 'insufficient_scope', 'member_not_found', 'last_owner')
  async remove(
    @CurrentApplication() application: Application,
    @CurrentPrincipal() principal: Principal,
    @PersonInPath() person: Subject,
    @Query() _query: IssuerQueryDto,
  ): Promise<void> {
    await this.members.remove(application.id, person, principal);
  }

  @Post('transfer')
  @HttpCode(200)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', need: 'manage-members' })
  @ApiOperation({
    operationId: 'transferApplication',
    summary: 'Hand the ownership on to somebody else',
    description:
      'They become an owner, and the one whom the application and every verification of its keys name (`ownerId`); ' +
      'you become an admin. Further owners stay. When this is answered, no verification names the former owner any ' +
      'more.',
  })
  @ApiParam(ID)
  @ApiBody({
    type: TransferDto,
    examples: {
      local: {
        summary: 'To somebody who registered here',
        value: { subject: '019b76da-a800-7000-8000-000000000009' },
      },
      foreign: {
        summary: 'To somebody of another issuer',
        value: { subject: 'auth0|ann', issuer: 'https://login.example.com/' },
      },
    },
  })
  @ApiOkResponse({ type: ApplicationDto })
  @ApiProblems('validation_failed', 'insufficient_scope', 'user_not_found', 'member_limit_reached')
  async transfer(
    @CurrentApplication() application: Application,
    @CurrentPrincipal() principal: Principal,
    @Body() { subject, issuer }: TransferDto,
  ): Promise<ApplicationDto> {
    return toResponse(await this.members.transfer(application.id, readPerson(subject, issuer), principal));
  }
}
