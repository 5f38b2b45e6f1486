import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest, FastifySchema } from 'fastify';
import { DomainError } from '../../shared/domain-error.js';
import { settingsOf } from '../../shared/http/route-settings.js';
import { holdsSecret } from '../logging/scrub.js';
import { fieldName, validationFailed } from './to-domain-error.js';
import { UnreadableBody } from './unreadable-body.js';

interface Takes {
  body: boolean;
  query: boolean;
}

/**
 * Refuses a body that could not be read, and a body or a query that the route takes none of. As the last of the
 * global guards it comes after those for the token and its scope, whose complaints go first.
 */
@Injectable()
export class DeclaredInputGuard implements CanActivate {
  // A function stands for one route: its parameters do not change.
  private readonly taken = new WeakMap<object, Takes>();

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const handler = context.getHandler();
    let takes = this.taken.get(handler);
    if (takes === undefined) {
      takes = readTakes(context, request.routeOptions);
      this.taken.set(handler, takes);
    }
    if (request.body instanceof UnreadableBody) throw request.body.error;
    if (request.body !== undefined && !takes.body) {
      throw new DomainError('invalid_request', 'Leave the body out: this call takes none.', {
        errors: [{ field: 'body', message: 'must be left out' }],
      });
    }
    if (!takes.query) refuseQuery(request);
    return true;
  }
}

function refuseQuery(request: FastifyRequest): void {
  const names = Object.keys(request.query as object);
  if (names.length === 0) return;
  if (holdsSecret(request.raw.url ?? '')) {
    throw new DomainError('key_in_query', 'Send keys and tokens in a header or a body, never in the URL.', {
      errors: [{ field: 'query', message: 'must not hold a key' }],
    });
  }
  throw validationFailed(names.map((name) => ({ field: fieldName(name), message: 'is not known here' })));
}

/** What the handler's parameters or its compiled schema say that it takes. */
function readTakes(
  context: ExecutionContext,
  { schema, config }: { schema?: FastifySchema; config: unknown },
): Takes {
  const handler = context.getHandler();
  const parameters = Object.keys(
    (Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler.name) ?? {}) as object,
  );
  const has = (type: RouteParamtypes): boolean => parameters.some((key) => key.startsWith(`${type}:`));
  return {
    body: has(RouteParamtypes.BODY) || schema?.body !== undefined || settingsOf(config).takesBytes === true,
    query: has(RouteParamtypes.QUERY) || schema?.querystring !== undefined,
  };
}
