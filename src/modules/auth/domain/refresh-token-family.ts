import type { Origin } from '../../../shared/actor.js';
import { Aggregate, type EventFields, type EventName } from '../../../shared/domain-event.js';
import type { Scope } from '../../../shared/scopes.js';

/**
 * How long a login lasts, in milliseconds. Refreshing does not prolong it: whoever steals a refresh token and
 * is not noticed is out after that at the latest (RFC 9700, section 4.14).
 */
const FAMILY_LIFETIME_MS = 30 * 24 * 3600 * 1000;

/**
 * Logins that a person has at most; another one ends the oldest. Whoever has stolen the password could otherwise begin
 * more than are ended in one transaction, as a new password has to end them.
 */
export const MAX_SESSIONS = 100;

/**
 * A login and all refresh tokens that descend from it; one of them is current, the others are spent. A family
 * exists as long as it is valid: logging out, or showing a spent token again, deletes it with its tokens.
 */
export class RefreshTokenFamily extends Aggregate {
  private constructor(
    readonly id: string,
    readonly userId: string,
    /** What the login asked for; every refresh gets the same. */
    readonly scopes: Scope[],
    readonly createdAt: Date,
    readonly expiresAt: Date,
  ) {
    super();
  }

  static start(id: string, userId: string, scopes: Scope[], now: Date): RefreshTokenFamily {
    const expiresAt = new Date(now.getTime() + FAMILY_LIFETIME_MS);
    const family = new RefreshTokenFamily(id, userId, scopes, now, expiresAt);
    family.happened('SignedIn', null, { userId, scopes, expiresAt });
    return family;
  }

  /**
   * Judges one of its tokens that somebody presents (`judgeRotation`), and records the outcome. After every verdict but
   * `rotate` the caller has to end the family.
   */
  present(token: RefreshToken, now: Date): RotationVerdict {
    const { userId } = this;
    const verdict = judgeRotation(token, this, now);
    if (verdict === 'rotate') this.happened('SessionRefreshed', null, null);
    else if (verdict === 'reused') this.happened('RefreshTokenReused', { userId }, null);
    else this.happened('SessionExpired', { userId }, null);
    return verdict;
  }

  /** Called when the person logs out. */
  end(): void {
    this.happened('SignedOut', { userId: this.userId }, null);
  }

  private happened(name: EventName, before: EventFields | null, after: EventFields | null): void {
    this.record({ name, applicationId: null, target: { kind: 'session', id: this.id }, before, after });
  }
}

export class RefreshToken {
  private constructor(
    readonly hash: Buffer,
    readonly familyId: string,
    readonly createdAt: Date,
    /** When it was exchanged for the next one. */
    readonly spentAt: Date | null,
    /** Whom the current token was handed to, by address and name; forgotten once it is spent. */
    readonly address: string | null,
    readonly userAgent: string | null,
  ) {}

  static issue(hash: Buffer, family: RefreshTokenFamily, to: Origin, now: Date): RefreshToken {
    return new RefreshToken(hash, family.id, now, null, to.address, to.userAgent);
  }
}

/** A login, as its person sees it. */
export interface Session {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  /** When its current refresh token was issued: by the login itself, or by the last refresh. */
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  /** From where that was. */
  readonly address: string | null;
  readonly userAgent: string | null;
}

export type RotationVerdict = 'rotate' | 'reused' | 'expired';

/**
 * What becomes of a refresh token that is shown. A spent one means that two parties hold it, and nobody can say
 * which of them is the thief (RFC 9700, section 4.14.2).
 */
export function judgeRotation(token: RefreshToken, family: RefreshTokenFamily, now: Date): RotationVerdict {
  if (family.expiresAt <= now) return 'expired';
  return token.spentAt === null ? 'rotate' : 'reused';
}
