import { Logger } from '@nestjs/common';
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { TokenHeader } from '../domain/json-web-token.js';
import type { KeySource } from '../domain/trusted-issuer.js';
import { fetchJwks } from './fetch-jwks.js';
import { verificationKeys, type VerificationKey } from './verification-keys.js';

// All in milliseconds.
const MAX_AGE = 10 * 60_000;
/** How long keys are good while their issuer cannot be reached: it may have withdrawn one meanwhile. */
const MAX_AGE_UNREACHABLE = 24 * 3600_000;
/** Between two fetches, whatever asks for them: anybody can make up a `kid` that is not there. */
const COOLDOWN = 30_000;
/** The same, while there is no key at all. */
const FIRST_RETRY = 5_000;

/** The keys behind an issuer's JWKS URL: cached, and fetched again when they are old or a `kid` is not there. */
export class RemoteKeys implements KeySource {
  readonly isFixed = false;
  private readonly logger = new Logger(RemoteKeys.name);
  private keys: readonly VerificationKey[] = [];
  private fetchedAt = -Infinity;
  private nextFetchAt = -Infinity;
  private lastFetchFailed = false;
  private fetching: Promise<void> | undefined;

  constructor(
    private readonly url: URL,
    private readonly algorithms: readonly string[],
    private readonly clock: Clock,
  ) {}

  async find(header: TokenHeader): Promise<KeyObject | undefined> {
    if (this.age() > MAX_AGE || this.cached(header) === undefined) await this.fetchUnlessJustDone();
    const key = this.cached(header);
    // It may be in the set that could not be read: the token cannot be called bad.
    if (key === undefined && this.lastFetchFailed) {
      throw new DomainError(
        'service_unavailable',
        "The keys of the token's issuer cannot be read just now.",
        {
          retryAfter: Math.max(1, Math.ceil((this.nextFetchAt - this.clock.monotonic()) / 1000)),
        },
      );
    }
    return key;
  }

  private cached({ alg, kid }: TokenHeader): KeyObject | undefined {
    if (this.age() > MAX_AGE_UNREACHABLE) return undefined;
    const fitting = this.keys.filter((key) => key.alg === alg && (kid === undefined || key.kid === kid));
    // Without a kid, or with one that stands twice, there may be nothing to choose by.
    return fitting.length === 1 ? fitting[0]?.key : undefined;
  }

  private age(): number {
    return this.clock.monotonic() - this.fetchedAt;
  }

  private async fetchUnlessJustDone(): Promise<void> {
    if (this.fetching === undefined && this.clock.monotonic() < this.nextFetchAt) return;
    this.fetching ??= this.fetch().finally(() => {
      this.fetching = undefined;
    });
    await this.fetching;
  }

  private async fetch(): Promise<void> {
    try {
      this.keys = verificationKeys(await fetchJwks(this.url), this.algorithms);
      this.fetchedAt = this.clock.monotonic();
      this.lastFetchFailed = false;
    } catch (error) {
      this.lastFetchFailed = true;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      this.logger.warn(`No keys from ${this.url.origin}${this.url.pathname}: ${String(cause)}`);
    }
    this.nextFetchAt = this.clock.monotonic() + (this.keys.length > 0 ? COOLDOWN : FIRST_RETRY);
  }
}
