import { Injectable } from '@nestjs/common';
import { API_KEY_ISSUER, personActor, type Origin } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { KeyStatus } from '../../../shared/key-status.js';
import { ApiKeyService, type KeyEnvironment } from '../../api-keys/index.js';
import { Meter, type LimitReport } from '../../metering/index.js';
import { refusalOf } from '../domain/refusal.js';
import { statusOf, type VerificationRecord } from '../domain/verification.js';
import { VerificationRecords, type Caller } from './verification-records.js';

/** What may be known of a key by whoever holds it. */
export interface HeldKey {
  readonly keyId: string;
  readonly applicationId: string;
  readonly name: string;
  readonly environment: KeyEnvironment;
  /** Of the secret that was presented, as is the end. */
  readonly hint: string;
  readonly scopes: readonly string[];
  readonly status: KeyStatus;
  readonly expiresAt: Date | null;
  readonly rateLimits: readonly LimitReport[];
  /** Null without credits of its own. */
  readonly credits: { readonly remaining: number } | null;
}

/** What whoever holds a key may do with it, besides using it: possession is all that they show. */
@Injectable()
export class KeyHolderService {
  constructor(
    private readonly records: VerificationRecords,
    private readonly clock: Clock,
    private readonly keys: ApiKeyService,
    private readonly meter: Meter,
  ) {}

  /** Counts and spends nothing. Throws `invalid_api_key` and `address_not_allowed`. */
  async describe(presented: string, caller: Caller): Promise<HeldKey> {
    const record = await this.find(presented, caller);
    if (record.addresses !== null && !record.addresses.includes(caller.address)) {
      throw refusalOf('FORBIDDEN');
    }
    const key = await this.keys.get(record.keyId);
    const ends = [record.expiresAt, record.secretExpiresAt].filter((end) => end !== null);
    return {
      keyId: key.id,
      applicationId: key.applicationId,
      name: key.name,
      environment: key.environment,
      hint: key.secrets.find(({ id }) => id === record.secretId)?.hint ?? key.hint,
      scopes: key.scopes,
      status: statusOf(record, this.clock.epochMs()),
      expiresAt: ends.length === 0 ? null : new Date(Math.min(...ends)),
      rateLimits: record.metering === null ? [] : await this.meter.peek(record.metering),
      credits: key.credits === null ? null : { remaining: key.credits.remaining },
    };
  }

  /**
   * Revokes the key, from whatever address: a key that was found somewhere is given up by its finder. Again and again
   * with the same result. Throws `invalid_api_key`.
   */
  async giveUp(presented: string, origin: Origin): Promise<void> {
    const { keyId, secretId } = await this.find(presented, origin);
    const holder = { issuer: API_KEY_ISSUER, subject: keyId };
    await this.keys.giveUp({ ...personActor(holder, origin), tokenId: secretId }, keyId);
  }

  /**
   * A service key is a credential for this service: its application manages it. Nobody says of which application a key is,
   * so that one which several have imported is not found.
   */
  private async find(presented: string, caller: Caller): Promise<VerificationRecord> {
    const { record, stale } = await this.records.find({ text: presented, applicationId: null }, caller);
    if (stale) throw new DomainError('service_unavailable', 'Try again in a moment.', { retryAfter: 1 });
    if (record !== null && record.environment !== 'service') return record;
    throw refusalOf('NOT_FOUND');
  }
}
