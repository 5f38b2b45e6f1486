import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { eventsOf } from '../../../shared/domain-event.js';
import { OneTimeTokenSecret } from './one-time-token-secret.js';
import { OneTimeToken } from './one-time-token.js';

const NOW = new Date('2026-05-27T10:00:00.000Z');
const HASH = Buffer.alloc(32, 1);
const USER = { id: 'a user', normalizedEmail: 'ann@example.org' };

describe('A one-time token', () => {
  it('is good for a day', () => {
    const token = OneTimeToken.invite('id', HASH, 'ann@example.org', NOW);
    expect(token.expiresAt).toEqual(new Date('2026-05-28T10:00:00.000Z'));
    expect(token.hasExpired(new Date('2026-05-28T09:59:59.999Z'))).toBe(false);
    expect(token.hasExpired(token.expiresAt)).toBe(true);
  });

  it('invites somebody who is not there yet, and tells whom', () => {
    const token = OneTimeToken.invite('id', HASH, 'ann@example.org', NOW);
    expect(token).toMatchObject({ purpose: 'invitation', email: 'ann@example.org', userId: null });
    token.accept('a user');
    expect(eventsOf(token)).toMatchObject([
      {
        name: 'InvitationIssued',
        target: { kind: 'invitation', id: 'id' },
        after: { email: 'ann@example.org' },
      },
      { name: 'InvitationAccepted', target: { kind: 'invitation', id: 'id' }, after: { userId: 'a user' } },
    ]);
  });

  it.each([
    ['password_reset', 'PasswordResetIssued'],
    ['email_verification', 'EmailVerificationIssued'],
  ] as const)('is for somebody who is there: %s', (purpose, name) => {
    const token = OneTimeToken.issue(purpose, 'id', HASH, USER, NOW);
    expect(token).toMatchObject({ purpose, email: USER.normalizedEmail, userId: USER.id });
    expect(eventsOf(token)).toMatchObject([
      { name, target: { kind: 'user', id: USER.id }, after: { expiresAt: token.expiresAt } },
    ]);
  });

  it('shows nothing of its text unless it is asked to, and reads itself back', () => {
    const secret = OneTimeTokenSecret.generate();
    expect(secret.reveal()).toMatch(/^upblit_ot_[\w-]{43}$/);
    for (const text of [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { showHidden: true }),
    ]) {
      expect(text).not.toContain(secret.reveal().slice(10, 20));
      expect(text).toContain('[one-time token]');
    }
    expect(OneTimeTokenSecret.parse(secret.reveal())?.hash()).toEqual(secret.hash());
  });

  it.each([
    '',
    'upblit_ot_',
    `upblit_rt_${'a'.repeat(43)}`,
    `upblit_ot_${'a'.repeat(44)}`,
    `upblit_ot_${'a'.repeat(43)}\n`,
  ])('cannot be %j', (text) => {
    expect(OneTimeTokenSecret.parse(text)).toBeUndefined();
  });
});
