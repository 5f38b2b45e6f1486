import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../../shared/domain-error.js';
import { readUuid } from '../../../shared/http/uuid.js';
import { LOCAL_ISSUER, isSubjectIdentifier, type Subject } from '../../../shared/subject.js';

/** What a person is called who is named by their `sub` alone, or by that and their `iss`. Throws `validation_failed`. */
export function readPerson(subject: unknown, issuer: unknown = LOCAL_ISSUER): Subject {
  // The `sub` of people who registered here is their id.
  if (issuer === LOCAL_ISSUER) return { issuer, subject: readUuid('subject', subject) };
  if (typeof issuer !== 'string') throw badPerson('issuer', 'must be given once');
  if (!isSubjectIdentifier(subject)) throw badPerson('subject', 'must be 1 to 255 printable characters');
  return { issuer, subject };
}

/** Who `{subject}` in the path and `?issuer=` name. */
export function personInPath(request: FastifyRequest): Subject {
  const { subject } = request.params as Record<string, unknown>;
  const { issuer } = request.query as Record<string, unknown>;
  return readPerson(subject, issuer);
}

/** Hands a controller whom the path and the query name. */
export const PersonInPath = createParamDecorator((_: unknown, context: ExecutionContext): Subject =>
  personInPath(context.switchToHttp().getRequest<FastifyRequest>()),
);

function badPerson(field: string, message: string): DomainError {
  return new DomainError('validation_failed', `${field} ${message}.`, { errors: [{ field, message }] });
}
