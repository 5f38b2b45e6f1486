import type { KeyHash } from './key-hasher.js';
import { hasExpired } from '../../../shared/key-status.js';

/** The longest that an older secret goes on working: 30 days. */
export const MAX_OVERLAP_SECONDS = 2_592_000;

/** One secret of a key: what is kept of a plaintext that was shown once. */
export class ApiKeySecret {
  /** To within a second or so; null when it was not used since it has been replaced, and while it is the newest. */
  lastUsedAt: Date | null = null;
  /** The address that it was used from then; null when nobody told. */
  lastUsedFrom: string | null = null;

  constructor(
    readonly id: string,
    readonly apiKeyId: string,
    readonly hash: Buffer,
    readonly pepperVersion: number,
    /** `upblit_live_…a1B2`. */
    readonly hint: string,
    /** Tells older secrets of a key from newer ones: no two have the same. */
    readonly createdAt: Date,
    /** When it stops working; null while nothing has replaced it. */
    public expiresAt: Date | null,
    /**
     * Seconds that the older secrets go on working once this one has been seen; null when their time is set, or
     * there are none.
     */
    readonly overlapSeconds: number | null,
    /** When it was revoked, whatever its expiry is. */
    public revokedAt: Date | null,
    /** An imported secret: `hash` is the hash of its SHA-256. */
    readonly imported: boolean,
    /** The application that it was imported for; null for one that was made here. No two of it have the same hash. */
    readonly importedFor: string | null,
    /**
     * The version of the pepper that has made the tag in the plaintext, which stays when the hash moves to another pepper.
     * Null where there is no tag: it was imported, or is older than tags.
     */
    readonly tagVersion: number | null,
    /** When it was first reported as found where others can read it; null while nobody has. */
    readonly leakedAt: Date | null = null,
    /** Where it was found, as whoever reported it says; null when they do not. */
    readonly leakedFrom: string | null = null,
  ) {}

  /** Of a key whose tag the pepper of the hash has made. */
  static create(
    id: string,
    apiKeyId: string,
    hash: KeyHash,
    hint: string,
    now: Date,
    overlapOnFirstUse: number | null = null,
  ): ApiKeySecret {
    return new ApiKeySecret(
      id,
      apiKeyId,
      hash.bytes,
      hash.pepperVersion,
      hint,
      now,
      null,
      overlapOnFirstUse,
      null,
      false,
      null,
      hash.pepperVersion,
    );
  }

  static import(
    id: string,
    key: { id: string; applicationId: string },
    hash: KeyHash,
    hint: string,
    now: Date,
  ): ApiKeySecret {
    return new ApiKeySecret(
      id,
      key.id,
      hash.bytes,
      hash.pepperVersion,
      hint,
      now,
      null,
      null,
      null,
      true,
      key.applicationId,
      null,
    );
  }

  isLive(now: Date): boolean {
    return this.revokedAt === null && !hasExpired(this.expiresAt?.getTime() ?? null, now.getTime());
  }

  /** Lets it work until then, but never longer than it would have. */
  endAt(time: Date): void {
    if (this.expiresAt === null || this.expiresAt > time) this.expiresAt = time;
  }

  /** Ends it now. Not by its time: the clocks of two nodes differ, and this holds on all of them. */
  revoke(now: Date): void {
    this.revokedAt ??= now;
  }
}
