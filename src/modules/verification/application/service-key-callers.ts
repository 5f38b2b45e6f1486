import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SERVICE_KEY_ISSUER } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { chain } from '../../../shared/concurrency/chain.js';
import { DomainError } from '../../../shared/domain-error.js';
import { KeyFormat } from '../../api-keys/index.js';
import { ServiceKeyAuthentication, type Principal, type ServiceKeyAuthenticator } from '../../auth/index.js';
import { admitServiceKey } from '../domain/service-key.js';
import type { VerificationRecord } from '../domain/verification.js';
import { VerificationObservers } from './verification-observer.js';
import {
  VerificationRecords,
  type Caller,
  type FoundRecord,
  type VerifyingCaller,
} from './verification-records.js';

/** Nothing is looked up for what begins as no service key does: it may be a key of any other kind, or junk. */
const NO_SERVICE_KEY: FoundRecord = { record: null, source: 'form', stale: false };

/** The scope by which a service key may verify keys. */
const VERIFY = 'keys:verify';

/** Whom service keys let in. They are found as the keys that they verify are: in memory, under the same lease. */
@Injectable()
export class ServiceKeyCallers implements ServiceKeyAuthenticator, OnModuleInit {
  constructor(
    private readonly records: VerificationRecords,
    private readonly format: KeyFormat,
    private readonly clock: Clock,
    private readonly observers: VerificationObservers,
    private readonly authentication: ServiceKeyAuthentication,
  ) {}

  onModuleInit(): void {
    this.authentication.enter(this);
  }

  /**
   * Who may verify which keys by this service key; at once when it is in memory. Throws `invalid_service_key`,
   * `address_not_allowed` and `insufficient_scope`.
   */
  verifying(presented: string, caller: Caller): VerifyingCaller | Promise<VerifyingCaller> {
    if (!this.format.isForService(presented)) throw isNoServiceKey();
    return chain(this.find(presented, caller), ({ record }) => {
      const { scopes, applicationId } = this.admit(record, caller.address);
      if (!scopes.includes(VERIFY)) throw lacksScope();
      const { address, requestId } = caller;
      return { address, requestId, keysOf: applicationId, isAnonymous: false };
    });
  }

  /** Whom it speaks for where keys are managed. There nothing is taken for good that may be out of date. */
  authenticate(presented: string, caller: Caller): Principal | Promise<Principal> {
    const found = this.format.isForService(presented) ? this.find(presented, caller) : NO_SERVICE_KEY;
    return chain(found, ({ record, stale }: FoundRecord) => {
      if (stale) throw new DomainError('service_unavailable', 'Try again in a moment.', { retryAfter: 1 });
      const { keyId, secretId, scopes, applicationId } = this.admit(record, caller.address);
      return {
        issuer: SERVICE_KEY_ISSUER,
        subject: keyId,
        tokenId: secretId,
        sessionId: null,
        serviceOf: applicationId,
        scopes: new Set(scopes),
      };
    });
  }

  private find(presented: string, caller: Caller): FoundRecord | Promise<FoundRecord> {
    return this.records.find({ text: presented, applicationId: null }, caller);
  }

  private admit(record: VerificationRecord | null, address: string): VerificationRecord {
    const now = this.clock.epochMs();
    const good = admitServiceKey(record, address, now);
    this.observers.observeServiceKey(good, address, now);
    return good;
  }
}

/** Who sends their access token, or the key that is to be verified, is told what to send instead. */
function isNoServiceKey(): DomainError {
  return new DomainError(
    'invalid_service_key',
    `Send a service key with the scope ${VERIFY}, as POST /applications/{id}/service-keys makes it: an access token or an API key is none.`,
  );
}

function lacksScope(): DomainError {
  return new DomainError('insufficient_scope', `Use a service key with the scope ${VERIFY}.`, {
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${VERIFY}"` },
  });
}
