import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { APPLICATION, MemoryRecords } from '../../../../test/verification/memory-records.js';
import { AddressList, KeyFormat } from '../../api-keys/index.js';
import { ServiceKeyAuthentication } from '../../auth/index.js';
import { ServiceKeyCallers } from './service-key-callers.js';
import { VerificationObservers, type ServiceKeyUse } from './verification-observer.js';

const KEY = 'upblit_service_one';
const CALLER = { address: '192.0.2.1', requestId: 'a request', userAgent: 'a browser' };

let clock: FakeClock;
let records: MemoryRecords;
let authentication: ServiceKeyAuthentication;
let callers: ServiceKeyCallers;
let observed: [ServiceKeyUse, string, number][];

beforeEach(() => {
  clock = new FakeClock();
  records = new MemoryRecords();
  authentication = new ServiceKeyAuthentication();
  observed = [];
  const observers = new VerificationObservers();
  observers.subscribe({
    observe: () => undefined,
    observeServiceKey: (...use) => observed.push(use),
  });
  callers = new ServiceKeyCallers(records, new KeyFormat(), clock, observers, authentication);
});

describe('A service key that verifies', () => {
  const service = { environment: 'service', scopes: ['apikeys:read', 'keys:verify'] } as const;

  it('lets its machine in at once, for the keys of its application', () => {
    const record = records.add(KEY, service);
    expect(callers.verifying(KEY, CALLER)).toEqual({
      address: CALLER.address,
      requestId: CALLER.requestId,
      keysOf: APPLICATION,
      isAnonymous: false,
    });
    expect(observed).toEqual([[record, CALLER.address, clock.epochMs()]]);
    expect(records.asked).toEqual([{ text: KEY, applicationId: null }]);
  });

  it('is looked up when it is not in memory', async () => {
    records.add(KEY, { ...service, applicationId: null });
    records.isInMemory = false;
    expect(await callers.verifying(KEY, CALLER)).toMatchObject({ keysOf: null });
  });

  it('does so as well while the database is out of reach, where the operator has chosen that', () => {
    records.add(KEY, service);
    records.isStale = true;
    expect(callers.verifying(KEY, CALLER)).toMatchObject({ keysOf: APPLICATION });
  });

  it('needs the scope for it', () => {
    records.add(KEY, { ...service, scopes: ['apikeys:read'] });
    expect(() => callers.verifying(KEY, CALLER)).toThrow(
      expect.objectContaining({
        code: 'insufficient_scope',
        details: {
          headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="keys:verify"' },
        },
      }),
    );
  });

  it.each([
    ['invalid_service_key', { revoked: true }],
    ['invalid_service_key', { environment: 'live' }],
    ['address_not_allowed', { addresses: new AddressList(['198.51.100.0/24']) }],
  ] as const)('is refused with %s when it is %j, and that is no use of it', (code, otherwise) => {
    records.add(KEY, { ...service, ...otherwise });
    expect(() => callers.verifying(KEY, CALLER)).toThrow(expect.objectContaining({ code }));
    expect(observed).toEqual([]);
  });

  it('is looked up only when it begins as service keys do', () => {
    records.add('upblit_live_one', service);
    expect(() => callers.verifying('upblit_live_one', CALLER)).toThrow(
      expect.objectContaining({ code: 'invalid_service_key' }),
    );
    expect(records.asked).toEqual([]);
  });
});

describe('A service key that manages', () => {
  beforeEach(() => {
    callers.onModuleInit();
  });

  it('speaks for its application, with its own scopes', async () => {
    const record = records.add(KEY, { environment: 'service', scopes: ['apikeys:read'] });
    expect(await authentication.authenticate(KEY, CALLER)).toEqual({
      issuer: 'service-key',
      subject: record.keyId,
      tokenId: record.secretId,
      sessionId: null,
      serviceOf: APPLICATION,
      scopes: new Set(['apikeys:read']),
    });
    expect(observed).toEqual([[record, CALLER.address, clock.epochMs()]]);
  });

  it('does not while the database is out of reach: what it does would stay', async () => {
    records.add(KEY, { environment: 'service' });
    records.isStale = true;
    await expect(authentication.authenticate(KEY, CALLER)).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 1 },
    });
    expect(observed).toEqual([]);
  });

  it('is refused when it is not good', async () => {
    await expect(authentication.authenticate(KEY, CALLER)).rejects.toMatchObject({
      code: 'invalid_service_key',
    });
  });
});
