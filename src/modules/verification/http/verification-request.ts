import type { VerificationRequest } from '../domain/verification.js';
import type { VerifyBody } from './verify.schema.js';

/** What a body asks, for every door. Ids are compared in lower case (RFC 9562, section 4). */
export function toRequest(body: VerifyBody): VerificationRequest {
  return body.applicationId === undefined
    ? body
    : { ...body, applicationId: body.applicationId.toLowerCase() };
}

/**
 * Returns the body that asks what a gateway asks by its query. It has yet to pass the schema of the body: what is no
 * list or no number stays as it is, for the schema to refuse. Throws, as Fastify does, for an unknown parameter.
 */
export function bodyOfQuery(query: Record<string, unknown>, key: string): unknown {
  const { ApplicationId: applicationId, scopes, cost, ...unknown } = query;
  refuseQuery(unknown);
  return {
    key,
    ...(applicationId !== undefined && { applicationId }),
    ...(scopes !== undefined && { scopes: typeof scopes === 'string' ? listOf(scopes) : scopes }),
    ...(cost !== undefined && { cost: isInteger(cost) ? Number(cost) : cost }),
  };
}

/** For a route that takes no parameter. Throws as `bodyOfQuery`. */
export function refuseQuery(query: Record<string, unknown>): void {
  const [additionalProperty] = Object.keys(query);
  if (additionalProperty !== undefined) {
    throw queryRefusal([{ instancePath: '', params: { additionalProperty } }]);
  }
}

/** What the schema has found wrong with that body, as Fastify throws it, in terms of the query. */
export function queryRefusal(errors: readonly { instancePath: string; params: object }[]): Error {
  const validation = errors.map((error) => ({
    ...error,
    instancePath: error.instancePath === '/applicationId' ? '/ApplicationId' : error.instancePath,
  }));
  return Object.assign(new Error('The query does not pass its schema.'), {
    validation,
    validationContext: 'query',
  });
}

function listOf(text: string): string[] {
  return text === '' ? [] : text.split(',');
}

function isInteger(text: unknown): boolean {
  return typeof text === 'string' && /^\d{1,16}$/.test(text);
}
