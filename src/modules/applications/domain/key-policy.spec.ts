import { describe, expect, it } from '@jest/globals';
import {
  brokenRules,
  DEFAULT_POLICY,
  newlyBrokenRules,
  type KeyPolicy,
  type PolicyKey,
} from './key-policy.js';

const CREATED = new Date('2026-01-01T00:00:00.000Z');
const days = (count: number) => new Date(CREATED.getTime() + count * 86_400_000);

/** A key that nobody has restricted in any way. */
const OPEN: PolicyKey = { createdAt: CREATED, expiresAt: null, scopes: ['a:read'], ipAllowlist: [] };

const broken = (policy: Partial<KeyPolicy>, key: Partial<PolicyKey> = {}) =>
  brokenRules({ ...DEFAULT_POLICY, ...policy }, { ...OPEN, ...key });

describe('a policy', () => {
  it('demands nothing until somebody says so', () => {
    expect(broken({})).toEqual([]);
  });

  it('is broken by a key that lives longer than it may, to the millisecond, and by one that lives forever', () => {
    expect(broken({ maxLifetime: 30 }, { expiresAt: days(30) })).toEqual([]);
    expect(broken({ maxLifetime: 30 }, { expiresAt: new Date(days(30).getTime() + 1) })).toEqual([
      'maxLifetime',
    ]);
    expect(broken({ maxLifetime: 30 })).toEqual(['maxLifetime']);
  });

  it('is broken by a key without expiry or addresses where these are required', () => {
    expect(broken({ requireExpiry: true, requireIpAllowlist: true })).toEqual([
      'requireExpiry',
      'requireIpAllowlist',
    ]);
    expect(
      broken(
        { requireExpiry: true, requireIpAllowlist: true },
        { expiresAt: days(5000), ipAllowlist: ['192.0.2.0/24'] },
      ),
    ).toEqual([]);
  });

  it('is broken by a scope that it does not allow, and by a wildcard that covers more than it allows', () => {
    expect(broken({ allowedScopes: ['a:*', 'b'] }, { scopes: ['a:read', 'a:*', 'b'] })).toEqual([]);
    expect(broken({ allowedScopes: ['a:read'] }, { scopes: ['a:*'] })).toEqual(['allowedScopes']);
    expect(broken({ allowedScopes: [] }, { scopes: ['a:read'] })).toEqual(['allowedScopes']);
    expect(broken({ allowedScopes: [] }, { scopes: [] })).toEqual([]);
  });

  it('is not broken by a secret that is due to be rotated', () => {
    expect(broken({ rotateEvery: 1 })).toEqual([]);
  });
});

describe('a change of a key', () => {
  const policy: KeyPolicy = {
    ...DEFAULT_POLICY,
    maxLifetime: 30,
    requireIpAllowlist: true,
    allowedScopes: ['a:read'],
  };
  /** Breaks all of it. */
  const BEFORE: PolicyKey & { enabled: boolean } = {
    createdAt: CREATED,
    expiresAt: days(60),
    scopes: ['b', 'c'],
    ipAllowlist: [],
    enabled: true,
  };
  const newlyBroken = (changes: Partial<typeof BEFORE>, before: Partial<typeof BEFORE> = {}) =>
    newlyBrokenRules(policy, { ...BEFORE, ...before }, { ...BEFORE, ...before, ...changes });

  it('may make it safer, whatever else is wrong with it', () => {
    expect(newlyBroken({ expiresAt: days(40) })).toEqual([]);
    expect(newlyBroken({ scopes: ['b'] })).toEqual([]);
    expect(newlyBroken({ enabled: false })).toEqual([]);
  });

  it('may not break a rule by more than before', () => {
    expect(newlyBroken({ expiresAt: days(61) })).toEqual(['maxLifetime']);
    expect(newlyBroken({ scopes: ['b', 'd'] })).toEqual(['allowedScopes']);
    expect(newlyBroken({ ipAllowlist: [] }, { ipAllowlist: ['192.0.2.1'] })).toEqual(['requireIpAllowlist']);
  });

  it('that makes it work again is judged as if it were issued', () => {
    expect(newlyBroken({ enabled: true }, { enabled: false })).toEqual([
      'maxLifetime',
      'requireIpAllowlist',
      'allowedScopes',
    ]);
  });
});
