import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '../../../shared/actor.js';
import { PageQueryDto } from '../../../shared/http/page-query.dto.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { ApplicationService } from '../application/application.service.js';
import type { Application } from '../domain/application.js';
import { ApplicationAccess, CurrentApplication } from './application-access.guard.js';
import {
  ApplicationDto,
  ApplicationPageDto,
  ChangeApplicationDto,
  CreateApplicationDto,
  toApplicationResponse,
} from './application.dto.js';
import {
  ApplicationsDocs,
  ChangeApplicationDocs,
  CreateApplicationDocs,
  DeleteApplicationDocs,
  GetApplicationDocs,
  ListApplicationsDocs,
} from './applications.docs.js';
import { NamesNoApplication } from './route-permission.js';

@ApplicationsDocs()
@Controller('applications')
export class ApplicationsController {
  constructor(private readonly applications: ApplicationService) {}

  @Post()
  @RequireScopes('applications:write')
  @NamesNoApplication()
  @CreateApplicationDocs()
  async create(
    @CurrentActor() actor: Actor,
    @Body() body: CreateApplicationDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApplicationDto> {
    const application = await this.applications.create(actor, body);
    reply.header('Location', `/applications/${application.id}`);
    return toApplicationResponse(application);
  }

  @Get()
  @RequireScopes('applications:read')
  @NamesNoApplication()
  @ListApplicationsDocs()
  async list(@CurrentActor() actor: Actor, @Query() query: PageQueryDto): Promise<ApplicationPageDto> {
    const page = await this.applications.list(actor, query);
    return { ...page, data: page.data.map(toApplicationResponse) };
  }

  @Get(':id')
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read' })
  @GetApplicationDocs()
  get(@CurrentApplication() application: Application): ApplicationDto {
    return toApplicationResponse(application);
  }

  @Patch(':id')
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-application' })
  @ChangeApplicationDocs()
  async change(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Body() body: ChangeApplicationDto,
  ): Promise<ApplicationDto> {
    return toApplicationResponse(await this.applications.change(actor, application, body));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-application', awaitsAbsence: true })
  @DeleteApplicationDocs()
  async delete(@CurrentActor() actor: Actor, @CurrentApplication() application: Application): Promise<void> {
    await this.applications.delete(actor, application);
  }
}
