import { Aggregate } from '../../../shared/domain-event.js';
import type { PasswordHash } from './password-hasher.js';

/** A person with a local account. */
export class User extends Aggregate {
  private constructor(
    readonly id: string,
    /** As the person has written it. */
    readonly email: string,
    /** In lower case, which makes it unique. */
    readonly normalizedEmail: string,
    readonly name: string | null,
    public passwordHash: string,
    public passwordPepperVersion: number | null,
    readonly createdAt: Date,
    /** When the operator has shut them out; null while they may log in. */
    public disabledAt: Date | null,
    /** When they showed that they read its mail. */
    public emailVerifiedAt: Date | null,
  ) {
    super();
  }

  static register(
    id: string,
    details: { email: string; name: string | null; password: PasswordHash },
    now: Date,
  ): User {
    const { email, name, password } = details;
    const { text, pepperVersion } = password;
    const user = new User(id, email, normalizeEmail(email), name, text, pepperVersion, now, null, null);
    user.record({
      name: 'UserRegistered',
      applicationId: null,
      target: { kind: 'user', id },
      before: null,
      after: { email, name },
    });
    return user;
  }

  get password(): PasswordHash {
    return { text: this.passwordHash, pepperVersion: this.passwordPepperVersion };
  }

  /** What becomes of their logins and memberships, those who keep them see to. */
  delete(): void {
    const { id, email, name } = this;
    const target = { kind: 'user', id } as const;
    this.record({ name: 'UserDeleted', applicationId: null, target, before: { email, name }, after: null });
  }

  get isDisabled(): boolean {
    return this.disabledAt !== null;
  }

  /** They have shown the old one. */
  changePassword(hash: PasswordHash): void {
    this.setPassword(hash);
    this.happened('PasswordChanged');
  }

  /** They have shown a one-time token. */
  resetPassword(hash: PasswordHash): void {
    this.setPassword(hash);
    this.happened('PasswordReset');
  }

  /** Does nothing when it was done before. */
  disable(now: Date): void {
    if (this.isDisabled) return;
    this.disabledAt = now;
    this.happened('UserDisabled');
  }

  /** Does nothing when they are not disabled. */
  enable(): void {
    if (!this.isDisabled) return;
    this.disabledAt = null;
    this.happened('UserEnabled');
  }

  get isEmailVerified(): boolean {
    return this.emailVerifiedAt !== null;
  }

  /** Does nothing when it was done before. */
  verifyEmail(now: Date): void {
    if (this.isEmailVerified) return;
    this.emailVerifiedAt = now;
    this.happened('EmailVerified');
  }

  private setPassword({ text, pepperVersion }: PasswordHash): void {
    this.passwordHash = text;
    this.passwordPepperVersion = pepperVersion;
  }

  private happened(
    name: 'PasswordChanged' | 'PasswordReset' | 'UserDisabled' | 'UserEnabled' | 'EmailVerified',
  ): void {
    const target = { kind: 'user', id: this.id } as const;
    this.record({ name, applicationId: null, target, before: null, after: null });
  }
}

/** One mailbox, one account: nobody tells `Ann@example.org` and `ann@example.org` apart. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}
