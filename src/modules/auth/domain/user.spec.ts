import { describe, expect, it } from '@jest/globals';
import { normalizeEmail, User } from './user.js';

describe('A user', () => {
  const now = new Date('2026-05-27T10:00:00.000Z');
  const register = (email: string, name: string | null = null): User =>
    User.register('id', { email, name, password: { text: 'hash', pepperVersion: 1 } }, now);

  it('keeps the email as it was given, and one spelling by which it is found', () => {
    expect(register('Ann@Example.org')).toMatchObject({
      id: 'id',
      email: 'Ann@Example.org',
      normalizedEmail: 'ann@example.org',
      passwordHash: 'hash',
      passwordPepperVersion: 1,
      password: { text: 'hash', pepperVersion: 1 },
      createdAt: now,
    });
    expect(normalizeEmail(' Ann@Example.ORG\t')).toBe('ann@example.org');
  });

  it('may have a name', () => {
    expect(register('ann@example.org', 'Ann').name).toBe('Ann');
    expect(register('ann@example.org').name).toBeNull();
  });
});
