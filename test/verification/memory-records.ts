import {
  VerificationRecords,
  type FoundRecord,
  type PresentedKey,
} from '../../src/modules/verification/application/verification-records.js';
import type { VerificationRecord } from '../../src/modules/verification/domain/verification.js';

export const APPLICATION = '019b76da-a800-7000-8000-000000000001';

/** The record of a key that is good for everything, but for what a test says otherwise. */
export function goodRecord(otherwise: Partial<VerificationRecord> = {}): VerificationRecord {
  return {
    keyId: '019b76da-a800-7000-8000-000000000002',
    applicationId: APPLICATION,
    ownerId: 'somebody',
    ownerIssuer: null,
    name: 'a key',
    environment: 'live',
    scopes: ['telemetry:*'],
    metadata: '{}',
    revoked: false,
    enabled: true,
    expiresAt: null,
    secretId: '019b76da-a800-7000-8000-000000000003',
    secretExpiresAt: null,
    externalId: null,
    addresses: null,
    startsOverlap: false,
    metering: null,
    ...otherwise,
  };
}

/** The records of a test, by the text of their keys. */
export class MemoryRecords extends VerificationRecords {
  /** Or else as if they had to be looked up. */
  isInMemory = true;
  isStale = false;
  readonly asked: PresentedKey[] = [];
  private readonly records = new Map<string, VerificationRecord>();

  add(text: string, otherwise: Partial<VerificationRecord>): VerificationRecord {
    const record = goodRecord(otherwise);
    this.records.set(text, record);
    return record;
  }

  find(presented: PresentedKey): FoundRecord | Promise<FoundRecord> {
    this.asked.push(presented);
    const found: FoundRecord = {
      record: this.records.get(presented.text) ?? null,
      source: this.isInMemory ? 'cache' : 'database',
      stale: this.isStale,
    };
    return this.isInMemory ? found : Promise.resolve(found);
  }

  async findAll(presented: readonly PresentedKey[]): Promise<FoundRecord[]> {
    return Promise.all(presented.map(async (one) => this.find(one)));
  }
}
