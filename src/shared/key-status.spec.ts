import { describe, expect, it } from '@jest/globals';
import { hasExpired, keyStatus, keyStatusConditions, KEY_STATUSES } from './key-status.js';

const NOW = Date.UTC(2026, 4, 27);

describe('The status of a key', () => {
  it.each([
    [{ revoked: true, enabled: false, expiresAt: NOW }, 'revoked'],
    [{ revoked: false, enabled: false, expiresAt: NOW }, 'disabled'],
    [{ revoked: false, enabled: true, expiresAt: NOW }, 'expired'],
    [{ revoked: false, enabled: true, expiresAt: NOW + 1 }, 'active'],
    [{ revoked: false, enabled: true, expiresAt: null }, 'active'],
  ])('is, of %j, %s', (state, status) => {
    expect(keyStatus(state, NOW)).toBe(status);
  });

  it('is expired at the very moment, and never without one', () => {
    expect(hasExpired(NOW, NOW)).toBe(true);
    expect(hasExpired(NOW + 1, NOW)).toBe(false);
    expect(hasExpired(null, Infinity)).toBe(false);
  });

  it('has a condition in SQL for each', () => {
    const conditions = keyStatusConditions({ revokedAt: 'r', enabled: 'e', expiresAt: 'x', now: 'n' });
    expect(Object.keys(conditions).sort()).toEqual([...KEY_STATUSES].sort());
    expect(conditions.active).toBe('r IS NULL AND e AND (x IS NULL OR x > n)');
  });
});
