import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../shared/domain-error.js';
import { rawHeaderValues } from '../../../shared/http/raw-header-values.js';
import { isMeantAsServiceKey } from '../../auth/index.js';
import { AnonymousCallers } from '../application/anonymous-callers.js';
import { ServiceKeyCallers } from '../application/service-key-callers.js';
import type { Caller, VerifyingCaller } from '../application/verification-records.js';
import type { VerificationRequest } from '../domain/verification.js';

interface Headers {
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

const SERVICE_KEY_HEADER = 'x-service-key';
const BEARER = /^bearer +(\S+)$/i;

/** Says who asks for a verification, by the service key that a request shows. */
@Injectable()
export class VerifyingCallers {
  constructor(
    private readonly serviceKeys: ServiceKeyCallers,
    private readonly anonymous: AnonymousCallers,
  ) {}

  /**
   * Of a service that was handed a key, and sends its own as `Authorization: Bearer`. At once when that is in memory.
   * Throws `missing_service_key`, `multiple_credentials`, and what `ServiceKeyCallers.verifying` throws.
   */
  ofService(message: Headers, caller: Caller): VerifyingCaller | Promise<VerifyingCaller> {
    const [authorization, ...more] = rawHeaderValues(message, 'authorization');
    if (more.length > 0 || rawHeaderValues(message, SERVICE_KEY_HEADER).length > 0) {
      throw multiple('Send one service key, once, as Authorization: Bearer.');
    }
    if (authorization === undefined) {
      return this.withoutKey(
        caller,
        'Send a service key with the scope keys:verify as Authorization: Bearer.',
      );
    }
    return this.serviceKeys.verifying(BEARER.exec(authorization.trim())?.[1] ?? '', caller);
  }

  /** The same of a gateway, whose client sends `Authorization`: its own key is in `X-Service-Key`. */
  ofGateway(message: Headers, caller: Caller): VerifyingCaller | Promise<VerifyingCaller> {
    const [presented, ...more] = rawHeaderValues(message, SERVICE_KEY_HEADER);
    const authorizations = rawHeaderValues(message, 'authorization');
    const isElsewhere = authorizations.some((value) =>
      isMeantAsServiceKey(BEARER.exec(value.trim())?.[1] ?? ''),
    );
    if (more.length > 0 || authorizations.length > 1 || (isElsewhere && presented !== undefined)) {
      throw multiple('Send one service key, once, as X-Service-Key.');
    }
    if (presented === undefined) {
      return this.withoutKey(caller, 'Send a service key with the scope keys:verify as X-Service-Key.');
    }
    return this.serviceKeys.verifying(presented, caller);
  }

  private withoutKey({ address, requestId }: Caller, detail: string): VerifyingCaller {
    if (!this.anonymous.mayVerify) throw new DomainError('missing_service_key', detail);
    return { address, requestId, keysOf: null, isAnonymous: true };
  }
}

/**
 * Whoever holds a key may ask whether it is one of a certain application, and spends as little as one use of it costs.
 * Throws `validation_failed` for more, when the caller has no service key.
 *
 * @param prefix of the fields, where a body holds several requests
 * @param applicationField what the field is called where the request came
 */
export function limitAnonymous(
  { applicationId, cost }: VerificationRequest,
  { isAnonymous }: VerifyingCaller,
  { prefix = '', applicationField = 'applicationId' } = {},
): void {
  if (!isAnonymous) return;
  if (applicationId === undefined)
    throw refused(prefix + applicationField, 'is required without a service key');
  if (cost !== undefined && cost > 1) throw refused(`${prefix}cost`, 'must be 0 or 1 without a service key');
}

function refused(field: string, message: string): DomainError {
  return new DomainError('validation_failed', `${field} ${message}.`, { errors: [{ field, message }] });
}

function multiple(detail: string): DomainError {
  return new DomainError('multiple_credentials', detail);
}
