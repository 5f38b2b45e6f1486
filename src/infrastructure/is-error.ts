import { isNativeError } from 'node:util/types';

/**
 * Whether something thrown is an error. Each test of the two misses some: Fastify's errors are not made by the
 * Error constructor, and Node's own are made by another realm's under Jest.
 */
export function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || isNativeError(thrown);
}
