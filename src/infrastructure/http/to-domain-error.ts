import { HttpException } from '@nestjs/common';
import { DomainError, type ErrorCode, type FieldError } from '../../shared/domain-error.js';
import { fromDatabaseError } from '../database/postgres-errors.js';
import { isError } from '../is-error.js';
import { scrub } from '../logging/scrub.js';
import { PROBLEMS } from './problem.js';

/** Our code for a refusal of Fastify's. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
};

/** Our code for a refusal that has only a status. */
const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthenticated',
  403: 'insufficient_scope',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  417: 'expectation_failed',
  429: 'too_many_requests',
  431: 'headers_too_large',
  503: 'service_unavailable',
};

/** What the caller can do about it, for the refusals that are not made by code of ours. */
const DETAILS: Readonly<Partial<Record<ErrorCode, string>>> = {
  invalid_request: 'Send a body that is one JSON object.',
  malformed_json: 'Send a body that is one JSON object, in UTF-8.',
  payload_too_large: 'Send a body of at most 64 KiB.',
  unsupported_media_type: 'Send JSON, with Content-Type: application/json.',
  not_found: 'Look the path up in the description of the API.',
  method_not_allowed: 'Use one of the methods that the Allow header names.',
  unauthenticated: 'Send an access token as Authorization: Bearer.',
  insufficient_scope: 'Use an access token with the scope this call needs.',
  too_many_requests: 'Wait before the next call.',
  service_unavailable: 'Try again in a moment.',
  internal_error: 'Try again; if it stays, tell the operator the requestId.',
};

/** Any error at all as a refusal. What is not known is `internal_error`, with the error as its cause. */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const fromDatabase = fromDatabaseError(error);
  if (fromDatabase !== undefined) return fromDatabase;
  // Nest wraps Fastify's own errors and keeps them as the cause.
  const original = error instanceof HttpException && error.cause !== undefined ? error.cause : error;
  if (isSchemaError(original)) return fromSchemaError(original);
  if (isBadUrl(original)) return new DomainError('invalid_request', 'Percent-encode the path as UTF-8.');
  const code = codeOf(original, error);
  return new DomainError(code, detailOf(code), { cause: error });
}

/** What is said of a refusal when there is nothing more particular to say. */
export function detailOf(code: ErrorCode): string {
  return DETAILS[code] ?? `${PROBLEMS[code].title}.`;
}

function codeOf(original: unknown, error: unknown): ErrorCode {
  if (isError(original) && 'code' in original && typeof original.code === 'string') {
    const code = FASTIFY_CODES[original.code];
    if (code !== undefined) return code;
  }
  const status = statusOf(error);
  return STATUS_CODES[status] ?? (status >= 400 && status < 500 ? 'invalid_request' : 'internal_error');
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  if (isError(error) && 'statusCode' in error && typeof error.statusCode === 'number') {
    return error.statusCode;
  }
  return 500;
}

function isBadUrl(error: unknown): boolean {
  return isError(error) && 'code' in error && error.code === 'FST_ERR_BAD_URL';
}

/** What Fastify throws when a compiled JSON schema refuses a request (its `validation.js`, AJV's error objects). */
interface SchemaError extends Error {
  validation: { instancePath: string; message?: string; params: Record<string, unknown> }[];
  validationContext: string;
}

function isSchemaError(error: unknown): error is SchemaError {
  return isError(error) && 'validation' in error && Array.isArray(error.validation);
}

function fromSchemaError(error: SchemaError): DomainError {
  const errors = error.validation.map(({ instancePath, message, params }): FieldError => {
    const child = params.missingProperty ?? params.additionalProperty;
    const path = instancePath.split('/').slice(1);
    if (typeof child === 'string') path.push(child);
    return {
      field: fieldName(path.join('.') || error.validationContext),
      message:
        params.missingProperty !== undefined
          ? 'is missing'
          : params.additionalProperty !== undefined
            ? 'is not known here'
            : (message ?? 'is not valid'),
    };
  });
  return validationFailed(errors);
}

/** A field's name as it may be answered: names that nobody declared are the caller's own text. */
export function fieldName(name: string): string {
  const clean = scrub(name).replace(/[\p{C}\p{Surrogate}]/gu, '�');
  return clean.length > 100 ? `${clean.slice(0, 100)}…` : clean;
}

/** A refusal that names each field. Beyond twenty, more does not help. */
export function validationFailed(errors: FieldError[]): DomainError {
  return new DomainError('validation_failed', 'Correct the fields that errors names.', {
    errors: errors.slice(0, 20),
  });
}
