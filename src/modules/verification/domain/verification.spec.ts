import { describe, expect, it } from '@jest/globals';
import { AddressList } from '../../api-keys/index.js';
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
};

describe('decideVerification', () => {
  it('accepts a valid key', () => {
    const request = { applicationId: APPLICATION, scopes: ['telemetry:write'] };
    expect(decideVerification(good, request, NOW)).toEqual({
      valid: true,
      code: 'VALID',
      record: good,
      expiresSoon: false,
    });
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

  it('warns within the last seven days of the key or of the secret', () => {
    const soon = NOW + 7 * 24 * 3600 * 1000;
    expect(decideVerification({ ...good, expiresAt: soon }, {}, NOW)).toMatchObject({ expiresSoon: false });
    expect(decideVerification({ ...good, expiresAt: soon - 1 }, {}, NOW)).toMatchObject({
      expiresSoon: true,
    });
    expect(decideVerification({ ...good, secretExpiresAt: soon - 1 }, {}, NOW)).toMatchObject({
      expiresSoon: true,
    });
  });

  it('lets nobody in from outside the addresses of the key, nor from nowhere', () => {
    const restricted = { ...good, addresses: new AddressList(['192.0.2.0/24']) };
    expect(decideVerification(restricted, { ip: '192.0.2.1' }, NOW).code).toBe('VALID');
    expect(decideVerification(restricted, { ip: '198.51.100.1' }, NOW).code).toBe('FORBIDDEN');
    expect(decideVerification(restricted, {}, NOW).code).toBe('FORBIDDEN');
    expect(decideVerification(good, { ip: '198.51.100.1' }, NOW).code).toBe('VALID');
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
    const scopes = ['admin'];
    const addresses = new AddressList([]);
    const worst = { ...good, revoked: true, enabled: false, expiresAt: NOW, addresses };
    const codes = [
      decideVerification(worst, request, NOW),
      decideVerification(worst, { scopes }, NOW),
      decideVerification({ ...worst, revoked: false }, { scopes }, NOW),
      decideVerification({ ...worst, revoked: false, enabled: true }, { scopes }, NOW),
      decideVerification({ ...good, addresses }, { scopes }, NOW),
      decideVerification(good, { scopes }, NOW),
    ].map((verdict) => verdict.code);
    expect(codes).toEqual([
      'NOT_FOUND',
      'REVOKED',
      'DISABLED',
      'EXPIRED',
      'FORBIDDEN',
      'INSUFFICIENT_PERMISSIONS',
    ]);
  });

  it('tells nothing about a key it refuses', () => {
    expect(decideVerification({ ...good, revoked: true }, {}, NOW)).toEqual({
      valid: false,
      code: 'REVOKED',
    });
  });
});
