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
  invalid_request: { status: 400, title: 'Invalid request' },
  validation_failed: { status: 400, title: 'Validation failed' },
  malformed_json: { status: 400, title: 'Malformed JSON' },
  payload_too_large: { status: 413, title: 'Payload too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  headers_too_large: { status: 431, title: 'Headers too large' },
  expectation_failed: { status: 417, title: 'Expectation failed' },
  request_timeout: { status: 408, title: 'Request timeout' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  invalid_cursor: { status: 400, title: 'Invalid cursor' },

  // The challenges of RFC 6750, section 3.
  unauthenticated: {
    status: 401,
    title: 'Access token required',
    headers: { 'www-authenticate': 'Bearer' },
  },
  invalid_token: {
    status: 401,
    title: 'Invalid access token',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  multiple_credentials: { status: 400, title: 'Multiple credentials' },
  missing_service_key: {
    status: 401,
    title: 'Missing service key',
    headers: { 'www-authenticate': 'Bearer' },
  },
  invalid_service_key: {
    status: 401,
    title: 'Invalid service key',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  insufficient_scope: {
    status: 403,
    title: 'Insufficient scope',
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  },
  invalid_signature: { status: 401, title: 'Invalid signature' },
  invalid_credentials: { status: 401, title: 'Invalid email or password' },
  invalid_refresh_token: { status: 401, title: 'Invalid refresh token' },
  sign_in_failed: { status: 401, title: 'Sign-in failed' },
  invalid_one_time_token: { status: 401, title: 'Invalid one-time token' },
  invitation_required: { status: 403, title: 'Invitation required' },
  account_disabled: { status: 403, title: 'Account disabled' },
  invalid_scope: { status: 400, title: 'Unknown scope' },
  email_taken: { status: 409, title: 'Email already registered' },
  weak_password: { status: 400, title: 'Weak password' },
  cross_site_request: { status: 403, title: 'Cross-site request' },
  session_not_found: { status: 404, title: 'Session not found' },
  wrong_password: { status: 403, title: 'Wrong password' },
  owns_applications: { status: 409, title: 'Applications would be left without an owner' },

  application_not_found: { status: 404, title: 'Application not found' },
  application_limit_reached: { status: 403, title: 'Application limit reached' },
  daily_application_limit_reached: { status: 429, title: 'Daily application limit reached' },
  not_application_owner: { status: 403, title: 'Not a member of the application' },
  insufficient_role: { status: 403, title: 'Insufficient role' },
  user_not_found: { status: 404, title: 'User not found' },
  member_not_found: { status: 404, title: 'Member not found' },
  member_limit_reached: { status: 403, title: 'Member limit reached' },
  offer_not_found: { status: 404, title: 'Offer not found' },
  last_owner: { status: 409, title: 'The last owner cannot leave' },
  webhook_not_found: { status: 404, title: 'Webhook not found' },
  webhook_limit_reached: { status: 409, title: 'Webhook limit reached' },
  webhook_disabled: { status: 409, title: 'Webhook disabled' },
  test_events_waiting: { status: 409, title: 'Test events waiting' },
  delivery_not_found: { status: 404, title: 'Delivery not found' },
  api_key_not_found: { status: 404, title: 'API key not found' },
  service_key_not_found: { status: 404, title: 'Service key not found' },
  api_key_limit_reached: { status: 409, title: 'API key limit reached' },
  daily_key_limit_reached: { status: 429, title: 'Daily key limit reached' },
  api_key_revoked: { status: 409, title: 'API key revoked' },
  api_key_expired: { status: 409, title: 'API key expired' },
  too_many_secrets: { status: 409, title: 'Too many secrets' },
  secret_not_found: { status: 404, title: 'Secret not found' },
  last_secret: { status: 409, title: 'The last secret cannot be ended' },
  policy_violation: { status: 403, title: 'Against the policy of the application' },
  edit_conflict: { status: 409, title: 'Edit conflict' },
  rate_limited: { status: 429, title: 'Rate limit exceeded' },
  usage_exceeded: { status: 429, title: 'Insufficient credits' },
  no_credits: { status: 409, title: 'No credits to change' },
  credits_out_of_range: { status: 409, title: 'Credits out of range' },
  idempotency_key_reused: { status: 422, title: 'Idempotency-Key already used for another request' },
  idempotency_in_progress: {
    status: 409,
    title: 'The same request is still in progress',
    headers: { 'retry-after': '1' },
  },
  missing_api_key: {
    status: 401,
    title: 'API key required',
    headers: { 'www-authenticate': 'Bearer' },
  },
  invalid_api_key: {
    status: 401,
    title: 'Invalid API key',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  address_not_allowed: { status: 403, title: 'Address not allowed' },
  insufficient_permissions: { status: 403, title: 'Insufficient permissions' },
  key_in_query: { status: 400, title: 'API key in the URL' },

  service_unavailable: {
    status: 503,
    title: 'Service unavailable',
    headers: { 'retry-after': '1' },
  },
  internal_error: { status: 500, title: 'Internal error' },
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
