import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { ErrorCode } from '../domain-error.js';

/** What carries a code from a route to the OpenAPI document, where it becomes an answer with its status. */
export const PROBLEM_EXTENSION = 'x-problem-';

/**
 * The refusals a route can give, for the OpenAPI document. May be used more than once: the codes add up. Those
 * of the transport (`malformed_json`, `payload_too_large`, `internal_error`, `service_unavailable`, …) and, for
 * routes that need an access token, `unauthenticated`, `invalid_token` and `multiple_credentials` are added to
 * every route they can come from and need not be named.
 */
export const ApiProblems = (...codes: ErrorCode[]): MethodDecorator & ClassDecorator =>
  applyDecorators(...codes.map((code) => ApiExtension(`${PROBLEM_EXTENSION}${code}`, true)));
