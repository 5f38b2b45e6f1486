import {
  Injectable,
  UseGuards,
  createParamDecorator,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { readUuid } from '../../../shared/http/uuid.js';
import { ApplicationService, assertOwner } from '../../applications/index.js';
import type { AuthenticatedRequest } from '../../auth/index.js';
import { ApiKeyService, apiKeyNotFound } from '../application/api-key.service.js';
import type { ApiKey } from '../domain/api-key.js';

interface ApiKeyRequest extends AuthenticatedRequest {
  apiKey: ApiKey;
}

/**
 * Refuses whoever does not own the application of the key that the path names: a malformed id is 400, an unknown key
 * or one of a deleted application 404, somebody else's 403. Hands the key on.
 */
@Injectable()
export class ApiKeyOwnershipGuard implements CanActivate {
  constructor(
    private readonly keys: ApiKeyService,
    private readonly applications: ApplicationService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ApiKeyRequest>();
    const key = await this.keys.get(readUuid('id', (request.params as Record<string, unknown>).id));
    const application = await this.applications.find(key.applicationId);
    if (application === null) throw apiKeyNotFound();
    assertOwner(application, request.principal);
    request.apiKey = key;
    return true;
  }
}

/** Closes a route to all but the owner of the key it names. */
export const OwnedApiKey = (): MethodDecorator => UseGuards(ApiKeyOwnershipGuard);

/** The key that the ownership guard has let through. */
export const CurrentApiKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): ApiKey =>
    context.switchToHttp().getRequest<ApiKeyRequest>().apiKey,
);
