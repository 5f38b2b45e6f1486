import { describe, expect, it } from '@jest/globals';
import { eventsOf } from '../../../shared/domain-event.js';
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

  it('is disabled and enabled, has a new password and a verified email, and each is told once', () => {
    const user = register('ann@example.org');
    const told = (): string[] =>
      eventsOf(user)
        .slice(1)
        .map(({ name }) => name);
    expect([user.isDisabled, user.isEmailVerified]).toEqual([false, false]);
    user.enable();
    expect(told()).toEqual([]);
    user.disable(now);
    user.disable(now);
    expect(user.isDisabled).toBe(true);
    user.enable();
    expect(user.isDisabled).toBe(false);
    user.verifyEmail(now);
    user.verifyEmail(now);
    expect(user.isEmailVerified).toBe(true);
    user.changePassword({ text: 'another', pepperVersion: 2 });
    expect(user.password).toEqual({ text: 'another', pepperVersion: 2 });
    user.resetPassword({ text: 'a third', pepperVersion: 2 });
    expect(user.password.text).toBe('a third');
    expect(told()).toEqual([
      'UserDisabled',
      'UserEnabled',
      'EmailVerified',
      'PasswordChanged',
      'PasswordReset',
    ]);
    expect(JSON.stringify(eventsOf(user))).not.toMatch(/another|a third|hash/);
  });
});
