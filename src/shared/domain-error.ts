/**
 * Every refusal the service can give, by its stable `code`. The status of each stands in one table,
 * `infrastructure/http/problem.ts`; a code added here does not compile until it has one there.
 */
export type ErrorCode =
  // the call itself
  | 'invalid_request'
  | 'validation_failed'
  | 'malformed_json'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'headers_too_large'
  | 'expectation_failed'
  | 'request_timeout'
  | 'not_found'
  | 'method_not_allowed'
  | 'too_many_requests'
  | 'invalid_cursor'
  // who is calling
  | 'unauthenticated'
  | 'invalid_token'
  | 'multiple_credentials'
  | 'missing_service_key'
  | 'invalid_service_key'
  | 'insufficient_scope'
  | 'invalid_signature'
  | 'invalid_credentials'
  | 'invalid_refresh_token'
  | 'sign_in_failed'
  | 'invalid_one_time_token'
  | 'invitation_required'
  | 'account_disabled'
  | 'invalid_scope'
  | 'email_taken'
  | 'weak_password'
  | 'cross_site_request'
  | 'session_not_found'
  | 'wrong_password'
  | 'owns_applications'
  // applications and keys
  | 'application_not_found'
  | 'application_limit_reached'
  | 'daily_application_limit_reached'
  | 'not_application_owner'
  | 'insufficient_role'
  | 'user_not_found'
  | 'member_not_found'
  | 'member_limit_reached'
  | 'offer_not_found'
  | 'last_owner'
  | 'webhook_not_found'
  | 'webhook_limit_reached'
  | 'webhook_disabled'
  | 'test_events_waiting'
  | 'delivery_not_found'
  | 'api_key_not_found'
  | 'service_key_not_found'
  | 'api_key_limit_reached'
  | 'daily_key_limit_reached'
  | 'api_key_revoked'
  | 'api_key_expired'
  | 'too_many_secrets'
  | 'secret_not_found'
  | 'last_secret'
  | 'policy_violation'
  | 'edit_conflict'
  | 'no_credits'
  | 'rate_limited'
  | 'usage_exceeded'
  | 'credits_out_of_range'
  | 'idempotency_key_reused'
  | 'idempotency_in_progress'
  | 'key_in_query'
  | 'missing_api_key'
  | 'invalid_api_key'
  | 'address_not_allowed'
  | 'insufficient_permissions'
  // ours
  | 'service_unavailable'
  | 'internal_error';

export interface FieldError {
  field: string;
  message: string;
}

export interface DomainErrorDetails {
  /** For 400 on validation, and for a key that breaks a policy: what is wrong with which field. Never holds the offending value. */
  errors?: FieldError[];
  /** Seconds, for `Retry-After`. */
  retryAfter?: number;
  /** Further headers of the answer. */
  headers?: Record<string, string>;
  /** It is an answer as meant, of which the log need not tell: that a process is not ready, to whoever asks. */
  isExpected?: boolean;
  cause?: unknown;
}

/** A refusal. `detail` says what the caller can do about it; it never holds a secret or the input. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly code: ErrorCode,
    readonly detail: string,
    readonly details: DomainErrorDetails = {},
  ) {
    super(`${code}: ${detail}`, { cause: details.cause });
  }
}
