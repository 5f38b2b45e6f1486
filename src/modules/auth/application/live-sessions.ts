import { Injectable } from '@nestjs/common';
import { FreshCache, Freshness, onEntity } from '../../freshness/index.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';

/** Logins that are remembered; beyond them, and for each that was not used for longest, the database is asked again. */
const MAX_LIVE = 20_000;
/** Logins that are known not to be there, apart from the others: who goes on calling must not push those out. */
const MAX_ENDED = 10_000;
/**
 * Milliseconds for which a login is taken not to be there. Starting one takes no number, so a server that was left behind
 * may show all changes there are and not the login: what it says must not outlive it by much.
 */
const ENDED_MS = 5_000;

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
      // No token names a login before it is there, and no change tells that it is.
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
