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
    readonly passwordHash: string,
    readonly passwordPepperVersion: number | null,
    readonly createdAt: Date,
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
    const user = new User(id, email, normalizeEmail(email), name, text, pepperVersion, now);
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
}

/** One mailbox, one account: nobody tells `Ann@example.org` and `ann@example.org` apart. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}
