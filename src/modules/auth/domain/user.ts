import { Aggregate } from '../../../shared/domain-event.js';

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
    readonly createdAt: Date,
  ) {
    super();
  }

  static register(
    id: string,
    details: { email: string; name?: string | undefined; passwordHash: string },
    now: Date,
  ): User {
    const { email, name, passwordHash } = details;
    const user = new User(id, email, normalizeEmail(email), name ?? null, passwordHash, now);
    user.record({
      name: 'UserRegistered',
      applicationId: null,
      target: { kind: 'user', id },
      before: null,
      after: { email, name: user.name },
    });
    return user;
  }
}

/** One mailbox, one account: nobody tells `Ann@example.org` and `ann@example.org` apart. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}
