import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
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
import { CurrentPrincipal, RequireScopes, type Principal } from '../../auth/index.js';
import { ApplicationService } from '../application/application.service.js';
import type { Application } from '../domain/application.js';
import { ApplicationAccess, CurrentApplication } from './application-access.guard.js';
import {
  ApplicationDto,
  ApplicationPageDto,
  ChangeApplicationDto,
  CreateApplicationDto,
  toResponse,
} from './application.dto.js';
import { NamesNoApplication } from './route-need.js';

const IN_PATH = {
  name: 'id',
  description: 'The id of the application.',
  schema: { type: 'string', format: 'uuid', example: '019b76da-a800-7000-8000-000000000001' },
};

@ApiTags('Applications')
@ApiBearerAuth('bearer')
@Controller('applications')
export class ApplicationsController {
  constructor(private readonly applications: ApplicationService) {}

  @Post()
  @RequireScopes('applications:write')
  @NamesNoApplication()
  @ApiOperation({
    operationId: 'createApplication',
    summary: 'Create an application',
    description: 'It belongs to whoever the access token speaks for. Keys are issued for it.',
  })
  @ApiCreatedResponse({
    type: ApplicationDto,
    headers: {
      Location: {
        description: 'The path of the application.',
        schema: { type: 'string' },
        example: '/applications/019b76da-a800-7000-8000-000000000001',
      },
    },
  })
  @ApiProblems('validation_failed', 'insufficient_scope')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateApplicationDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApplicationDto> {
    const application = await this.applications.create(principal, body);
    reply.header('Location', `/applications/${application.id}`);
    return toResponse(application);
  }

  @Get()
  @RequireScopes('applications:read')
  @NamesNoApplication()
  @ApiOperation({
    operationId: 'listApplications',
    summary: 'List your applications, newest first',
    description: 'Those that the caller is a member of, in whatever role.',
  })
  @ApiOkResponse({ type: ApplicationPageDto })
  @ApiProblems('validation_failed', 'invalid_cursor', 'insufficient_scope')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: PageQueryDto,
  ): Promise<ApplicationPageDto> {
    const page = await this.applications.list(principal, query);
    return { ...page, data: page.data.map(toResponse) };
  }

  @Get(':id')
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', need: 'read' })
  @ApiOperation({
    operationId: 'getApplication',
    summary: 'Read one application',
    description: 'For every member of it.',
  })
  @ApiParam(IN_PATH)
  @ApiOkResponse({ type: ApplicationDto })
  @ApiProblems('validation_failed', 'insufficient_scope')
  get(@CurrentApplication() application: Application): ApplicationDto {
    return toResponse(application);
  }

  @Patch(':id')
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', need: 'manage-application' })
  @ApiOperation({
    operationId: 'changeApplication',
    summary: 'Change an application',
    description: 'Fields that are left out stay as they are.',
  })
  @ApiParam(IN_PATH)
  @ApiOkResponse({ type: ApplicationDto })
  @ApiProblems('validation_failed', 'insufficient_scope', 'edit_conflict')
  async change(
    @CurrentApplication() application: Application,
    @Body() body: ChangeApplicationDto,
  ): Promise<ApplicationDto> {
    return toResponse(await this.applications.change(application, body));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', need: 'manage-application', awaitsAbsence: true })
  @ApiOperation({
    operationId: 'deleteApplication',
    summary: 'Delete an application and revoke all its keys',
    description:
      'Every key of the application is revoked in the same transaction. There is no way back. Repeat a call that was ' +
      'answered 503: 404 then says that the application is deleted and none of its keys is good any more.',
  })
  @ApiParam(IN_PATH)
  @ApiNoContentResponse({ description: 'Deleted; none of its keys is good any more.' })
  @ApiProblems('validation_failed', 'insufficient_scope')
  async delete(
    @CurrentPrincipal() principal: Principal,
    @CurrentApplication() application: Application,
  ): Promise<void> {
    await this.applications.delete(application, principal);
  }
}
