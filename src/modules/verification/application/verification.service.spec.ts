import { beforeEach, describe, expect, it } from '@jest/globals';
import { limitSet, newOwner } from '../../../../test/metering/limit-sets.js';
import { APPLICATION, MemoryRecords } from '../../../../test/verification/memory-records.js';
import { MemoryCreditStore } from '../../../../test/metering/memory-credit-store.js';
import { memoryMeter } from '../../../../test/metering/memory-meter.js';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { VerificationObservers, type ObservedVerification } from './verification-observer.js';
import type { VerifyingCaller } from './verification-records.js';
import { VerificationService } from './verification.service.js';

const CALLER: VerifyingCaller = {
  address: '192.0.2.1',
  requestId: 'a request',
  keysOf: null,
  isAnonymous: false,
};

let clock: FakeClock;
let records: MemoryRecords;
let credits: MemoryCreditStore;
let observed: ObservedVerification[];
let service: VerificationService;

beforeEach(() => {
  clock = new FakeClock();
  records = new MemoryRecords();
  credits = new MemoryCreditStore();
  observed = [];
  const observers = new VerificationObservers();
  observers.subscribe({ observe: (verification) => observed.push(verification) });
  service = new VerificationService(records, clock, observers, memoryMeter(credits));
});

describe('A verification', () => {
  it('has its verdict at once when everything is in memory, and tells the observers', () => {
    const record = records.add('a key', {});
    const request = { scopes: ['telemetry:write'] };
    expect(service.verify('a key', request, CALLER)).toEqual({
      valid: true,
      code: 'VALID',
      record,
      expiresSoon: false,
    });
    expect(observed).toEqual([
      {
        verdict: expect.objectContaining({ code: 'VALID' }),
        record,
        source: 'cache',
        request,
        caller: CALLER,
        isCounted: false,
        at: clock.epochMs(),
      },
    ]);
  });

  it('waits for what has to be looked up', async () => {
    records.add('a key', { enabled: false });
    records.isInMemory = false;
    const verdict = service.verify('a key', {}, CALLER);
    expect(verdict).toBeInstanceOf(Promise);
    expect(await verdict).toEqual({ valid: false, code: 'DISABLED' });
    expect(observed).toMatchObject([{ source: 'database', isCounted: false }]);
  });

  it('is of the application whose keys the caller may ask about, whatever they name', async () => {
    records.add('a key', {});
    const caller = { ...CALLER, keysOf: 'another application' };
    expect(await service.verify('a key', { applicationId: APPLICATION }, caller)).toMatchObject({
      code: 'NOT_FOUND',
    });
    await service.verify('a key', { applicationId: APPLICATION }, CALLER);
    await service.verify('a key', {}, CALLER);
    expect(records.asked.map(({ applicationId }) => applicationId)).toEqual([
      'another application',
      APPLICATION,
      null,
    ]);
  });

  it('says when it may be out of date, and else nothing about it', async () => {
    records.add('a key', {});
    records.isStale = true;
    expect(await service.verify('a key', {}, CALLER)).toMatchObject({ code: 'VALID', stale: true });
    expect(await service.verify('unknown', {}, CALLER)).toEqual({
      valid: false,
      code: 'NOT_FOUND',
      stale: true,
    });
  });
});

describe('A verification of a key with limits and credits', () => {
  const metered = (remaining: number, limit = 10) => {
    const owner = newOwner(APPLICATION);
    credits.balances.set(owner.keyId, remaining);
    const accounts = { keyId: owner.keyId, applicationId: null };
    return { limits: limitSet(owner, [{ limit }]), credits: { ...accounts, countedFor: owner } };
  };

  it('costs one credit unless told otherwise, and is counted for its key', async () => {
    const record = records.add('a key', { metering: metered(10) });
    expect(await service.verify('a key', {}, CALLER)).toMatchObject({
      valid: true,
      code: 'VALID',
      record,
      usage: { keyRemaining: 9 },
    });
    expect(await service.verify('a key', { cost: 4 }, CALLER)).toMatchObject({ usage: { keyRemaining: 5 } });
    expect(await service.verify('a key', { cost: 0 }, CALLER)).toMatchObject({ usage: { keyRemaining: 5 } });
    expect(observed.map(({ isCounted }) => isCounted)).toEqual([true, true, true]);
  });

  it('is refused with what is left, and with nothing else of the key', async () => {
    records.add('a key', { metering: metered(1) });
    const verdict = await service.verify('a key', { cost: 2 }, CALLER);
    expect(verdict).toEqual({
      valid: false,
      code: 'USAGE_EXCEEDED',
      usage: expect.objectContaining({ keyRemaining: 1 }),
    });
    expect(observed).toMatchObject([{ verdict, isCounted: true }]);
  });

  it('says of a refusal, too, that it may be out of date', async () => {
    records.add('a key', { metering: metered(10, 1) });
    records.isStale = true;
    await service.verify('a key', {}, CALLER);
    expect(await service.verify('a key', {}, CALLER)).toEqual({
      valid: false,
      code: 'RATE_LIMITED',
      stale: true,
      usage: expect.objectContaining({ retryAfterSeconds: 60 }),
    });
    expect(observed.at(-1)).toMatchObject({ isCounted: false });
  });

  it('spends nothing when it is refused for another reason', async () => {
    const metering = metered(10);
    records.add('a key', { metering, revoked: true });
    expect(await service.verify('a key', {}, CALLER)).toEqual({ valid: false, code: 'REVOKED' });
    expect([...credits.balances.values()]).toEqual([10]);
  });
});

describe('Verifications of many keys', () => {
  it('are answered in their order, each by its own question', async () => {
    records.add('one', {});
    records.add('two', { revoked: true });
    const verdicts = await service.verifyAll(
      [
        { key: 'two', request: {} },
        { key: 'one', request: { scopes: ['deploy'] } },
        { key: 'none', request: { applicationId: APPLICATION } },
        { key: 'one', request: {} },
      ],
      CALLER,
    );
    expect(verdicts.map(({ code }) => code)).toEqual([
      'REVOKED',
      'INSUFFICIENT_PERMISSIONS',
      'NOT_FOUND',
      'VALID',
    ]);
    expect(records.asked.map(({ applicationId }) => applicationId)).toEqual([null, null, APPLICATION, null]);
    expect(observed).toHaveLength(4);
  });

  // Of each key: what a verdict has besides, its metadata in bytes, and each scope with its quotes and comma.
  const FITTING = 64 * 1024 - 4096;

  it.each([
    ['metadata', { metadata: 'x'.repeat(FITTING) }, { metadata: 'x'.repeat(FITTING + 1) }],
    [
      'metadata in other letters',
      { metadata: 'é'.repeat(FITTING / 2) },
      { metadata: 'é'.repeat(FITTING / 2 + 1) },
    ],
    ['scopes', { metadata: '', scopes: scopesOf(FITTING) }, { metadata: '', scopes: scopesOf(FITTING + 1) }],
  ])(
    'are refused before anything is counted when their %s would not fit into 1 MiB',
    async (_, most, more) => {
      const questions = Array.from({ length: 16 }, (__, index) => ({ key: `key ${index}`, request: {} }));
      for (const { key } of questions) records.add(key, { scopes: [], ...most });
      expect(await service.verifyAll([...questions, { key: 'none', request: {} }], CALLER)).toHaveLength(17);
      observed.length = 0;
      records.add('key 7', { scopes: [], ...more });
      await expect(service.verifyAll(questions, CALLER)).rejects.toMatchObject({ code: 'payload_too_large' });
      expect(observed).toEqual([]);
    },
  );

  function scopesOf(bytes: number): string[] {
    return ['x'.repeat(97), 'y'.repeat(bytes - 100 - 3)];
  }
});
