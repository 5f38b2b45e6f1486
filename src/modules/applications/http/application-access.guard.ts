import {
  Injectable,
  SetMetadata,
  UseGuards,
  applyDecorators,
  createParamDecorator,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { readUuid } from '../../../shared/http/uuid.js';
import { isSameSubject, type Subject } from '../../../shared/subject.js';
import type { AuthenticatedRequest } from '../../auth/index.js';
import { ApplicationService } from '../application/application.service.js';
import { applicationNotFound, type Application } from '../domain/application.js';
import type { Permission } from '../domain/role.js';
import { DeclarePermission } from './route-permission.js';

export interface ApplicationAccessOptions {
  /** Where the route names its application: `{id}` in its path, or the query parameter `ApplicationId`. */
  from: 'path' | 'query';
  permission: Permission;
  /** For a route about a person, whom it names: any member may take themselves out. */
  person?: (request: AuthenticatedRequest) => Subject;
  /**
   * For the route that deletes: its 404 promises what its 204 does, that the application is gone everywhere. It may
   * answer the repetition of a call that could not wait for that.
   */
  awaitsAbsence?: boolean;
}

/** A request that has been let through to an application carries it. */
export interface ApplicationRequest extends AuthenticatedRequest {
  application: Application;
}

const OPTIONS = Symbol('ApplicationAccessOptions');

/**
 * Refuses whoever may not do what the route does to the application that it names. Runs after the token and its
 * scope were checked; checks the parameter (400), the application (404), the caller's role in it (403), in this
 * order, and hands the application on.
 */
@Injectable()
export class ApplicationAccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly applications: ApplicationService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ApplicationRequest>();
    const { from, permission, person, awaitsAbsence } = this.reflector.get<ApplicationAccessOptions>(
      OPTIONS,
      context.getHandler(),
    );
    const id =
      from === 'path'
        ? readUuid('id', (request.params as Record<string, unknown>).id)
        : // Spelt exactly so: clients in the field send it.
          readUuid('ApplicationId', (request.query as Record<string, unknown>).ApplicationId);
    const isOneself = person !== undefined && isSameSubject(person(request), request.principal);
    const application = isOneself
      ? await this.applications.authorizeLeaving(id, request.principal)
      : await this.applications.authorize(id, request.principal, permission);
    if (application === null) {
      if (awaitsAbsence === true) await this.applications.confirmAbsence(id);
      throw applicationNotFound();
    }
    request.application = application;
    return true;
  }
}

/** Closes a route to all but the members, of the application it names, whose role meets the need. */
export const ApplicationAccess = (options: ApplicationAccessOptions): MethodDecorator =>
  applyDecorators(
    SetMetadata(OPTIONS, options),
    DeclarePermission(options.permission),
    UseGuards(ApplicationAccessGuard),
    ApiProblems('application_not_found'),
  );

/** The application that the guard has let the caller through to. */
export const CurrentApplication = createParamDecorator(
  (_: unknown, context: ExecutionContext): Application =>
    context.switchToHttp().getRequest<ApplicationRequest>().application,
);
