import {
  Injectable,
  UseGuards,
  applyDecorators,
  createParamDecorator,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { readUuid } from '../../../shared/http/uuid.js';
import {
  ApplicationService,
  DeclarePermission,
  ROUTE_PERMISSION,
  type ApplicationRequest,
  type Permission,
} from '../../applications/index.js';
import { ApiKeyService, apiKeyNotFound } from '../application/api-key.service.js';
import type { HandedOutKey } from '../domain/api-key.js';

interface ApiKeyRequest extends ApplicationRequest {
  apiKey: HandedOutKey;
}

/**
 * Refuses whoever may not do what the route does to a key of the application that the key in the path belongs to: a
 * malformed id is 400, an unknown key or one of a deleted application 404, a lack of the role 403. Hands the key and
 * its application on.
 */
@Injectable()
export class ApiKeyAccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeyService,
    private readonly applications: ApplicationService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ApiKeyRequest>();
    const permission = this.reflector.get<Permission>(ROUTE_PERMISSION, context.getHandler());
    const key = await this.keys.get(readUuid('id', (request.params as Record<string, unknown>).id));
    const application = await this.applications.authorize(key.applicationId, request.principal, permission);
    if (application === null) throw apiKeyNotFound();
    request.application = application;
    request.apiKey = key;
    return true;
  }
}

/** Closes a route to all but the members, of the application of the key `{id}`, whose role meets the need. */
export const ApiKeyAccess = (permission: Permission): MethodDecorator =>
  applyDecorators(
    DeclarePermission(permission),
    UseGuards(ApiKeyAccessGuard),
    ApiProblems('api_key_not_found'),
  );

/** The key that the guard has let the caller through to. */
export const CurrentApiKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): HandedOutKey =>
    context.switchToHttp().getRequest<ApiKeyRequest>().apiKey,
);
