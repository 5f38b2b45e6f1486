import { STATUS_CODES } from 'node:http';
import type { DomainError, ErrorCode, FieldError } from '../../shared/domain-error.js';

interface ProblemType {
  status: number;
  /** The same for every occurrence (RFC 9457, section 3.1.3). */
  title: string;
  /** Headers every such answer carries unless the error brings its own. */
  headers?: Readonly<Record<string, string>>;
}

/** The one table from code to status. It is exhaustive: a new code does not compile until it stands here. */
export const PROBLEMS: Readonly<Record<ErrorCode, ProblemType>> = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  validation_failed: { status: 400, title: 'The request does not fit what is described' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not of a type that is taken here' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  not_found: { status: 404, title: 'There is nothing at this path' },
  method_not_allowed: { status: 405, title: 'The method is not allowed here' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  invalid_cursor: { status: 400, title: 'The cursor is not valid' },

  // The challenges of RFC 6750, section 3.
  unauthenticated: {
    status: 401,
    title: 'An access token is needed',
    headers: { 'www-authenticate': 'Bearer' },
  },
  invalid_token: {
    status: 401,
    title: 'The access token is not valid',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  multiple_credentials: { status: 400, title: 'More than one credential was sent' },
  insufficient_scope: {
    status: 403,
    title: 'The access token lacks a scope',
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  },
  invalid_credentials: { status: 401, title: 'The email or the password is wrong' },
  invalid_refresh_token: { status: 401, title: 'The refresh token is not valid' },
  invalid_scope: { status: 400, title: 'The scope is not known' },
  email_taken: { status: 409, title: 'The email is taken' },
  weak_password: { status: 400, title: 'The password is too easy to guess' },

  application_not_found: { status: 404, title: 'There is no such application' },
  not_application_owner: { status: 403, title: 'The application belongs to somebody else' },
  insufficient_role: { status: 403, title: 'Your role in the application does not allow this' },
  user_not_found: { status: 404, title: 'There is no such user' },
  member_not_found: { status: 404, title: 'The application has no such member' },
  member_limit_reached: { status: 409, title: 'The application has as many members as it may' },
  last_owner: { status: 409, title: 'The application would be left without an owner' },
  api_key_not_found: { status: 404, title: 'There is no such API key' },
  api_key_limit_reached: { status: 409, title: 'The application has as many active keys as it may' },
  api_key_revoked: { status: 409, title: 'The API key is revoked' },
  api_key_expired: { status: 409, title: 'The API key has expired' },
  too_many_secrets: { status: 409, title: 'The API key has as many secrets as it may' },
  secret_not_found: { status: 404, title: 'There is no such secret' },
  last_secret: { status: 409, title: 'It is the only secret of the API key' },
  edit_conflict: { status: 409, title: 'Somebody else changed it meanwhile' },
  rate_limited: { status: 429, title: 'The key is used too often' },
  usage_exceeded: { status: 429, title: 'The key has used up its credits' },
  no_credits: { status: 409, title: 'There are no credits to change' },
  credits_out_of_range: { status: 409, title: 'The balance would leave its range' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  idempotency_in_progress: {
    status: 409,
    title: 'The same call is still being answered',
    headers: { 'retry-after': '1' },
  },
  missing_api_key: {
    status: 401,
    title: 'A key is needed',
    headers: { 'www-authenticate': 'Bearer' },
  },
  invalid_api_key: {
    status: 401,
    title: 'The key is not good',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  address_not_allowed: { status: 403, title: 'The key may not be used from here' },
  insufficient_permissions: { status: 403, title: 'The key may not do this' },
  key_in_query: { status: 400, title: 'A key does not belong in a URL' },

  service_unavailable: {
    status: 503,
    title: 'The service cannot answer just now',
    headers: { 'retry-after': '1' },
  },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
};

/** An RFC 9457 problem document, with our `code` and `requestId`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The path that was asked for, without its query. */
  instance?: string;
  code: ErrorCode;
  requestId: string;
  errors?: FieldError[];
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8';

/** Names a kind of problem for good; it need not be fetched (RFC 9457, section 3.1.1). */
function problemType(code: ErrorCode): string {
  return `urn:upblit:problem:${code}`;
}

export function toProblem(error: DomainError, requestId: string, instance?: string): Problem {
  const { status, title } = PROBLEMS[error.code];
  return {
    type: problemType(error.code),
    title,
    status,
    detail: error.detail,
    ...(instance === undefined ? {} : { instance }),
    code: error.code,
    requestId,
    ...(error.details.errors === undefined ? {} : { errors: error.details.errors }),
  };
}

/** The headers of the answer, all in lower case. */
export function problemHeaders(error: DomainError): Record<string, string> {
  const headers: Record<string, string> = { ...PROBLEMS[error.code].headers };
  if (error.details.retryAfter !== undefined) headers['retry-after'] = String(error.details.retryAfter);
  for (const [name, value] of Object.entries(error.details.headers ?? {}))
    headers[name.toLowerCase()] = value;
  return headers;
}

/** The headers of a refusal that is given before there is a request to reply to: it ends the connection. */
export function rawProblemHeaders(requestId: string): Record<string, string> {
  return {
    'Content-Type': PROBLEM_CONTENT_TYPE,
    'Cache-Control': 'no-store',
    'X-Request-Id': requestId,
    Connection: 'close',
  };
}

/** The same refusal as a whole HTTP/1.1 answer. */
export function rawProblemResponse(error: DomainError, requestId: string): string {
  const body = JSON.stringify(toProblem(error, requestId));
  const { status } = PROBLEMS[error.code];
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(rawProblemHeaders(requestId)).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
