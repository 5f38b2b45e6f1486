/** Somebody who registered here. */
export class User {
  private constructor(
    readonly id: string,
    /** As it was given. */
    readonly email: string,
    /** What makes it unique. */
    readonly normalizedEmail: string,
    readonly name: string | null,
    readonly passwordHash: string,
    readonly createdAt: Date,
  ) {}

  static register(
    id: string,
    details: { email: string; name?: string | undefined; passwordHash: string },
    now: Date,
  ): User {
    const { email, name, passwordHash } = details;
    return new User(id, email, normalizeEmail(email), name ?? null, passwordHash, now);
  }
}

/** One mailbox, one account: nobody tells `Ann@example.org` and `ann@example.org` apart. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}
