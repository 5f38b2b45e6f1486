import { Aggregate } from '../../../shared/domain-event.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { User } from './user.js';

/** What a one-time token lets its holder do. */
export type TokenPurpose = 'invitation' | 'password_reset' | 'email_verification';

/** Milliseconds. */
const LIFETIME_MS = 24 * 3600_000;

const ISSUED = {
  password_reset: 'PasswordResetIssued',
  email_verification: 'EmailVerificationIssued',
} as const;

/** A token that is good once, and for a day. It exists as long as nobody has used it. */
export class OneTimeToken extends Aggregate {
  private constructor(
    readonly id: string,
    readonly hash: Buffer,
    readonly purpose: TokenPurpose,
    /** Normalized. */
    readonly email: string,
    /** Null for an invitation: its account is not there yet. */
    readonly userId: string | null,
    readonly createdAt: Date,
    readonly expiresAt: Date,
  ) {
    super();
  }

  static invite(id: string, hash: Buffer, normalizedEmail: string, now: Date): OneTimeToken {
    const token = new OneTimeToken(id, hash, 'invitation', normalizedEmail, null, now, expiryAfter(now));
    token.record({
      name: 'InvitationIssued',
      applicationId: null,
      target: { kind: 'invitation', id },
      before: null,
      after: { email: normalizedEmail, expiresAt: token.expiresAt },
    });
    return token;
  }

  static issue(
    purpose: keyof typeof ISSUED,
    id: string,
    hash: Buffer,
    user: Pick<User, 'id' | 'normalizedEmail'>,
    now: Date,
  ): OneTimeToken {
    const expiresAt = expiryAfter(now);
    const token = new OneTimeToken(id, hash, purpose, user.normalizedEmail, user.id, now, expiresAt);
    token.record({
      name: ISSUED[purpose],
      applicationId: null,
      target: { kind: 'user', id: user.id },
      before: null,
      after: { expiresAt },
    });
    return token;
  }

  hasExpired(now: Date): boolean {
    return this.expiresAt <= now;
  }

  /** Called when somebody registers with it. */
  accept(userId: string): void {
    this.record({
      name: 'InvitationAccepted',
      applicationId: null,
      target: { kind: 'invitation', id: this.id },
      before: null,
      after: { userId },
    });
  }
}

function expiryAfter(now: Date): Date {
  return new Date(now.getTime() + LIFETIME_MS);
}

/** Whether it was used, is late, or never was one, nobody is told apart. */
export function invalidOneTimeToken(): DomainError {
  return new DomainError(
    'invalid_one_time_token',
    'Ask for a new one: this token was used before, is older than a day, or is meant for something else.',
  );
}
