import {
  Injectable,
  SetMetadata,
  applyDecorators,
  createParamDecorator,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '../../../shared/domain-error.js';
import { readUuid } from '../../../shared/http/uuid.js';
import type { AuthenticatedRequest, Principal } from '../../auth/index.js';
import { ApplicationService } from '../application/application.service.js';
import type { Application } from '../domain/application.js';

/** Where a route names its application. */
type IdSource = 'path' | 'query';

const ID_SOURCE = Symbol('ApplicationIdSource');

export interface ApplicationRequest extends AuthenticatedRequest {
  application: Application;
}

/**
 * Refuses whoever does not own the application that the route names, by `{id}` in the path or by the query
 * parameter `ApplicationId` (spelt exactly so: clients in the field send it). Runs after the token and its scope were
 * checked; checks the parameter (400), the application (404), its owner (403), in this order, and hands the
 * application on.
 */
@Injectable()
export class ApplicationOwnershipGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly applications: ApplicationService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ApplicationRequest>();
    const source = this.reflector.get<IdSource>(ID_SOURCE, context.getHandler());
    const id =
      source === 'path'
        ? readUuid('id', (request.params as Record<string, unknown>).id)
        : readUuid('ApplicationId', (request.query as Record<string, unknown>).ApplicationId);
    const application = await this.applications.get(id);
    assertOwner(application, request.principal);
    request.application = application;
    return true;
  }
}

/** Throws `not_application_owner`. */
export function assertOwner(application: Application, principal: Principal): void {
  if (!application.isOwnedBy(principal)) {
    throw new DomainError('not_application_owner', 'Only the owner of the application may do this.');
  }
}

/** Closes a route to all but the owner of the application it names. */
export const OwnedApplication = (source: IdSource): MethodDecorator =>
  applyDecorators(SetMetadata(ID_SOURCE, source), UseGuards(ApplicationOwnershipGuard));

/** The application that the ownership guard has let through. */
export const CurrentApplication = createParamDecorator(
  (_: unknown, context: ExecutionContext): Application =>
    context.switchToHttp().getRequest<ApplicationRequest>().application,
);
