import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PROPERTY_RUNS } from '../../../../test/support/property-runs.js';
import { AddressList } from '../../api-keys/index.js';
import { checksOf, type Remaining } from './key-checks.js';
import { decideVerification, type VerificationRecord } from './verification.js';

const NOW = Date.UTC(2026, 4, 27, 10);
const PLENTY: Remaining = { rateLimits: [], keyCredits: null, applicationCredits: null };

const time = fc.constantFrom(null, NOW - 1, NOW, NOW + 1);
const record = fc
  .record({
    revoked: fc.boolean(),
    enabled: fc.boolean(),
    expiresAt: time,
    secretExpiresAt: time,
    scopes: fc.subarray(['a:read', 'a:*', 'b:write']),
    addresses: fc.constantFrom(null, new AddressList(['192.0.2.0/24'])),
  })
  .map((some): VerificationRecord => ({
    keyId: 'key',
    applicationId: 'application',
    ownerId: 'somebody',
    ownerIssuer: null,
    name: 'a key',
    environment: 'live',
    metadata: '{}',
    secretId: 'secret',
    externalId: null,
    startsOverlap: false,
    metering: null,
    ...some,
  }));
const request = fc.record({
  scopes: fc.constantFrom(undefined, ['a:read'], ['a:write', 'b:write']),
  ip: fc.constantFrom(undefined, '192.0.2.1', '198.51.100.1'),
});

describe('The checks of a key', () => {
  it('come to the verdict of a verification: the first that fails is that', () => {
    fc.assert(
      fc.property(fc.option(record), request, (some, asked) => {
        const checks = checksOf(some, asked, NOW, PLENTY);
        const first = checks.find(({ outcome }) => outcome === 'failed')?.code ?? 'VALID';
        expect(first).toBe(decideVerification(some, asked, NOW).code);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('are paid for by the key and by the application', () => {
    const verdict = (keyCredits: number | null, applicationCredits: number | null): string | undefined =>
      checksOf(fc.sample(record, 1)[0]!, { cost: 3 }, NOW, { ...PLENTY, keyCredits, applicationCredits }).at(
        -1,
      )?.outcome;
    expect([verdict(null, null), verdict(3, null), verdict(3, 3)]).toEqual(['passed', 'passed', 'passed']);
    expect([verdict(2, null), verdict(3, 2), verdict(null, 0)]).toEqual(['failed', 'failed', 'failed']);
  });
});
