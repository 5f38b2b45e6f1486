import { describe, expect, it } from '@jest/globals';
import { decideVerification, type VerificationRecord } from './verification.js';

const NOW = Date.UTC(2026, 4, 27, 10);
const APPLICATION = '019b76da-a800-7000-8000-000000000001';

const good: VerificationRecord = {
  keyId: '019b76da-a800-7000-8000-000000000002',
  applicationId: APPLICATION,
  ownerId: 'somebody',
  ownerIssuer: null,
  name: 'a key',
  environment: 'live',
  scopes: ['telemetry:*'],
  metadata: {},
  revoked: false,
  enabled: true,
  expiresAt: null,
  secretId: '019b76da-a800-7000-8000-000000000003',
  secretExpiresAt: null,
};

describe('decideVerification', () => {
  it('lets a good key pass', () => {
    const request = { applicationId: APPLICATION, scopes: ['telemetry:write'] };
    expect(decideVerification(good, request, NOW)).toEqual({ valid: true, code: 'VALID', record: good });
  });

  it('knows nothing of an unknown key, nor of a key of another application', () => {
    expect(decideVerification(null, {}, NOW).code).toBe('NOT_FOUND');
    expect(decideVerification(good, { applicationId: good.keyId }, NOW)).toEqual({
      valid: false,
      code: 'NOT_FOUND',
    });
  });

  it('expires at the very millisecond, the key as well as one secret of it', () => {
    expect(decideVerification({ ...good, expiresAt: NOW + 1 }, {}, NOW).code).toBe('VALID');
    expect(decideVerification({ ...good, expiresAt: NOW }, {}, NOW).code).toBe('EXPIRED');
    expect(decideVerification({ ...good, secretExpiresAt: NOW }, {}, NOW).code).toBe('EXPIRED');
  });

  it('lacks permission when any needed scope is not covered', () => {
    expect(decideVerification(good, { scopes: ['telemetry:write', 'admin'] }, NOW).code).toBe(
      'INSUFFICIENT_PERMISSIONS',
    );
    expect(decideVerification({ ...good, scopes: [] }, { scopes: ['a'] }, NOW).code).toBe(
      'INSUFFICIENT_PERMISSIONS',
    );
    expect(decideVerification({ ...good, scopes: [] }, { scopes: [] }, NOW).code).toBe('VALID');
  });

  it('says the first of several reasons in the order of the contract', () => {
    const request = { applicationId: good.keyId, scopes: ['admin'] };
    const worst = { ...good, revoked: true, enabled: false, expiresAt: NOW };
    const codes = [
      decideVerification(worst, request, NOW),
      decideVerification(worst, { scopes: ['admin'] }, NOW),
      decideVerification({ ...worst, revoked: false }, { scopes: ['admin'] }, NOW),
      decideVerification({ ...worst, revoked: false, enabled: true }, { scopes: ['admin'] }, NOW),
      decideVerification(good, { scopes: ['admin'] }, NOW),
    ].map((verdict) => verdict.code);
    expect(codes).toEqual(['NOT_FOUND', 'REVOKED', 'DISABLED', 'EXPIRED', 'INSUFFICIENT_PERMISSIONS']);
  });

  it('tells nothing about a key it refuses', () => {
    expect(decideVerification({ ...good, revoked: true }, {}, NOW)).toEqual({
      valid: false,
      code: 'REVOKED',
    });
  });
});
