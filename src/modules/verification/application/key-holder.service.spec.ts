import { beforeEach, describe, expect, it } from '@jest/globals';
import { limitSet, newOwner } from '../../../../test/metering/limit-sets.js';
import { MemoryCreditStore } from '../../../../test/metering/memory-credit-store.js';
import { memoryMeter } from '../../../../test/metering/memory-meter.js';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { APPLICATION, MemoryRecords } from '../../../../test/verification/memory-records.js';
import type { Actor } from '../../../shared/actor.js';
import { AddressList, type ApiKeyService } from '../../api-keys/index.js';
import type { VerificationRecord } from '../domain/verification.js';
import { KeyHolderService } from './key-holder.service.js';

const KEY = 'a key';
const HOLDER = { address: '192.0.2.1', requestId: 'a request', userAgent: null };

let clock: FakeClock;
let records: MemoryRecords;
let givenUp: [Actor, string][];
let managed: object;
let holders: KeyHolderService;

beforeEach(() => {
  clock = new FakeClock();
  records = new MemoryRecords();
  givenUp = [];
  const keys = {
    get: () => Promise.resolve(managed),
    giveUp: (actor: Actor, id: string) => {
      givenUp.push([actor, id]);
      return Promise.resolve();
    },
  };
  holders = new KeyHolderService(
    records,
    clock,
    keys as unknown as ApiKeyService,
    memoryMeter(new MemoryCreditStore()),
  );
});

function add(otherwise: Partial<VerificationRecord>): VerificationRecord {
  const record = records.add(KEY, otherwise);
  managed = {
    id: record.keyId,
    applicationId: APPLICATION,
    name: record.name,
    environment: 'live',
    hint: 'upblit_live_…new',
    secrets: [
      { id: 'another secret', hint: 'upblit_live_…new' },
      { id: record.secretId, hint: 'upblit_live_…old' },
    ],
    scopes: record.scopes,
    credits: null,
  };
  return record;
}

describe('Whoever holds a key', () => {
  it('is told what they may know, of the secret that they hold', async () => {
    const record = add({});
    expect(await holders.describe(KEY, HOLDER)).toEqual({
      keyId: record.keyId,
      applicationId: APPLICATION,
      name: 'a key',
      environment: 'live',
      hint: 'upblit_live_…old',
      scopes: ['telemetry:*'],
      status: 'active',
      expiresAt: null,
      rateLimits: [],
      credits: null,
    });
    expect(records.asked).toEqual([{ text: KEY, applicationId: null }]);
  });

  it('is told the hint of the key when their secret is none of its secrets any more', async () => {
    add({});
    managed = { ...managed, secrets: [] };
    expect(await holders.describe(KEY, HOLDER)).toMatchObject({ hint: 'upblit_live_…new' });
  });

  it.each([
    [{ expiresAt: 5000, secretExpiresAt: null }, 5000],
    [{ expiresAt: null, secretExpiresAt: 4000 }, 4000],
    [{ expiresAt: 5000, secretExpiresAt: 4000 }, 4000],
    [{ expiresAt: 5000, secretExpiresAt: 6000 }, 5000],
  ])('is told when it ends of what ends first: %j', async (ends, first) => {
    add(ends);
    expect(await holders.describe(KEY, HOLDER)).toMatchObject({
      status: 'expired',
      expiresAt: new Date(first),
    });
  });

  it('is told what is left, of which nothing is taken', async () => {
    const owner = newOwner(APPLICATION);
    const limits = limitSet(owner, [{ name: 'own', limit: 5 }], [{ name: 'shared', limit: 9 }]);
    add({ metering: { limits, credits: null } });
    managed = { ...managed, credits: { remaining: 7, refill: { amount: 9, interval: 'daily', day: null } } };
    for (let i = 0; i < 2; i += 1) {
      const held = await holders.describe(KEY, HOLDER);
      expect(held.credits).toEqual({ remaining: 7 });
      expect(held.rateLimits).toEqual([expect.objectContaining({ name: 'own', remaining: 5 })]);
    }
  });

  it('is told nothing at an address from which it may not be used, and gives it up there all the same', async () => {
    const record = add({ addresses: new AddressList(['198.51.100.0/24']) });
    await expect(holders.describe(KEY, HOLDER)).rejects.toMatchObject({ code: 'address_not_allowed' });
    expect(await holders.describe(KEY, { ...HOLDER, address: '198.51.100.7' })).toMatchObject({
      keyId: record.keyId,
    });
    await holders.giveUp(KEY, HOLDER);
    expect(givenUp).toEqual([
      [{ ...HOLDER, issuer: 'api-key', subject: record.keyId, tokenId: record.secretId }, record.keyId],
    ]);
  });

  it.each([
    ['is unknown', () => undefined],
    ['is a service key', () => records.add(KEY, { environment: 'service' })],
  ])('learns nothing when it %s, and gives nothing up', async (_, given) => {
    given();
    await expect(holders.describe(KEY, HOLDER)).rejects.toMatchObject({ code: 'invalid_api_key' });
    await expect(holders.giveUp(KEY, HOLDER)).rejects.toMatchObject({ code: 'invalid_api_key' });
    expect(givenUp).toEqual([]);
  });

  it('has to come again while the database is out of reach', async () => {
    add({});
    records.isStale = true;
    await expect(holders.giveUp(KEY, HOLDER)).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 1 },
    });
    expect(givenUp).toEqual([]);
  });
});
