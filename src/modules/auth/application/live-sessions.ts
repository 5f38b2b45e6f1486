import { Injectable } from '@nestjs/common';
import { FreshCache, Freshness, onEntity } from '../../freshness/index.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';

/** Logins that are remembered; beyond them, and for each that was not used for longest, the database is asked again. */
const MAX_LIVE = 20_000;
/** Logins that are known to have ended, apart from the others: who goes on calling must not push those out. */
const MAX_ENDED = 10_000;
/** Milliseconds; a login that has ended never goes on, so this bounds nothing but the memory. */
const ENDED_MS = 15 * 60_000;

/**
 * Which logins go on, so that an access token ends with its own. They are kept in memory as keys are, under the same
 * lease: once the end of a login was answered, no node takes it for one that goes on.
 */
@Injectable()
export class LiveSessions {
  private readonly cache: FreshCache<{ readonly id: string }>;

  constructor(
    private readonly families: RefreshTokenFamilyRepository,
    private readonly freshness: Freshness,
  ) {
    this.cache = new FreshCache(freshness, {
      entries: MAX_LIVE,
      bytes: MAX_LIVE,
      sizeOf: () => 1,
      unknownEntries: MAX_ENDED,
      unknownMs: ENDED_MS,
      dependenciesOf: ({ id }) => [onEntity('session', id)],
      // No token names a login before it is there.
      dependenciesOfUnknown: [],
    });
  }

  /** Whether a login goes on; at once when it is in memory. Throws `service_unavailable` when that cannot be told. */
  has(id: string): boolean | Promise<boolean> {
    const known = this.cache.recall(id);
    return known === undefined ? this.ask(id) : known !== null;
  }

  private async ask(id: string): Promise<boolean> {
    const session = await this.cache.read(id, async () =>
      (await this.freshness.read((atLeast) => this.families.exists(id, atLeast))) ? { id } : null,
    );
    return session !== null;
  }
}
