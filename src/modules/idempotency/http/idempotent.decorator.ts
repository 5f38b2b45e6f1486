import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { DomainError } from '../../../shared/domain-error.js';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { rawHeaderValues } from '../../../shared/http/raw-header-values.js';
import type { AuthenticatedRequest } from '../../auth/index.js';
import { IdempotencyKey } from '../domain/idempotency-key.js';
import type { IdempotentRequest } from '../domain/idempotent-request.js';

const HEADER = 'Idempotency-Key';

/**
 * Hands a controller the call as one that may be repeated, for `IdempotencyService.once()`; undefined when it came
 * without an `Idempotency-Key`. Documents the header and its refusals. Throws `validation_failed`.
 */
export const Idempotent = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotentRequest | undefined => {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const key = readKey(request.raw);
    if (key === undefined) return undefined;
    const [path = ''] = (request.raw.url ?? '').split('?', 1);
    const { query, body, method, principal } = request;
    return {
      key,
      by: principal,
      route: `${method} ${request.routeOptions.url ?? path}`,
      request: { path, query, body },
    };
  },
  [describe],
);

function readKey(message: IncomingMessage): IdempotencyKey | undefined {
  const values = rawHeaderValues(message, HEADER.toLowerCase());
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) throw badKey('must be given once');
  const key = IdempotencyKey.parse(value);
  if (key === null) throw badKey('must be 8 to 255 visible ASCII characters');
  return key;
}

function badKey(message: string): DomainError {
  return new DomainError('validation_failed', `${HEADER} ${message}.`, {
    errors: [{ field: HEADER, message }],
  });
}

function describe(controller: object, handler: string | symbol | undefined): void {
  const descriptor = handler === undefined ? undefined : Object.getOwnPropertyDescriptor(controller, handler);
  if (handler === undefined || descriptor === undefined)
    throw new Error('@Idempotent() is for the methods of controllers');
  const decorators = [
    ApiHeader({
      name: HEADER,
      required: false,
      description:
        'Make up a random one (a UUID, say) for each thing to be done, and send it again when no answer came. For ' +
        '24 hours the same request with the same key is answered the same, and done once.',
      schema: { type: 'string', minLength: 8, maxLength: 255, pattern: '^[!-~]+$' },
      example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
    }),
    ApiProblems('idempotency_key_reused', 'idempotency_in_progress'),
  ];
  for (const decorate of decorators) decorate(controller, handler, descriptor);
}
