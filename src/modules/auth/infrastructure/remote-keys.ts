import { Logger } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, type CryptoKey } from 'jose';
import { KeyObject } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import { singleFlight } from '../../../shared/concurrency/single-flight.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { TokenHeader } from '../domain/json-web-token.js';
import type { KeySource } from '../domain/trusted-issuer.js';
import { fetchJwks } from './fetch-jwks.js';

// All in milliseconds.
/** For the whole answer of the issuer. */
const TIMEOUT = 3000;
const MAX_AGE = 10 * 60_000;
/** How long keys are used while their issuer cannot be reached: it may have withdrawn one meanwhile. */
const MAX_AGE_UNREACHABLE = 24 * 3600_000;
/** Between two fetches, whatever asks for them: anybody can make up a `kid` that is not there. */
const COOLDOWN = 30_000;
/** The same, before they were read for the first time. */
const FIRST_RETRY = 5_000;

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;

/**
 * The keys behind an issuer's JWKS URL: cached, and fetched again when they are old or a `kid` is not there.
 *
 * `jose` reads and chooses them. When they are read again is decided here: it would go by the wall clock, which may be
 * set back, would ask an issuer that is away once for every token, and would forget its keys meanwhile.
 */
export class RemoteKeys implements KeySource {
  readonly isFixed = false;
  private readonly logger = new Logger(RemoteKeys.name);
  private readonly keySet: ReturnType<typeof createRemoteJWKSet>;
  private readonly reload = singleFlight(() => this.fetch());
  /** Of each key that `jose` has made of the set: a key that is converted for every token costs more than its use. */
  private readonly converted = new WeakMap<CryptoKey, KeyObject>();
  private fetchedAt = -Infinity;
  private nextFetchAt = -Infinity;
  private lastFetchFailed = false;

  constructor(
    private readonly url: URL,
    private readonly algorithms: readonly string[],
    private readonly clock: Clock,
  ) {
    this.keySet = createRemoteJWKSet(url, {
      timeoutDuration: TIMEOUT,
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      [customFetch]: fetchJwks,
    });
  }

  async find(header: TokenHeader): Promise<KeyObject | undefined> {
    if (this.age() > MAX_AGE) await this.reloadUnlessJustDone();
    let key = await this.cached(header);
    if (key === undefined) {
      await this.reloadUnlessJustDone();
      key = await this.cached(header);
    }
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

  private async cached({ alg, kid }: TokenHeader): Promise<KeyObject | undefined> {
    if (this.age() > MAX_AGE_UNREACHABLE || !this.algorithms.includes(alg)) return undefined;
    // Throws when no key fits, or several do, or the one that does is broken.
    const key = await this.keySet({ alg, ...(kid !== undefined && { kid }) }).catch(() => undefined);
    return key === undefined ? undefined : this.convert(key);
  }

  /** Verification takes Node's own form of a key. */
  private convert(key: CryptoKey): KeyObject | undefined {
    const made = this.converted.get(key) ?? KeyObject.from(key);
    this.converted.set(key, made);
    const { modulusLength = MIN_RSA_BITS } = made.asymmetricKeyDetails ?? {};
    return modulusLength < MIN_RSA_BITS ? undefined : made;
  }

  private age(): number {
    return this.clock.monotonic() - this.fetchedAt;
  }

  private async reloadUnlessJustDone(): Promise<void> {
    if (this.keySet.reloading || this.clock.monotonic() >= this.nextFetchAt) await this.reload();
  }

  private async fetch(): Promise<void> {
    try {
      await this.keySet.reload();
      this.fetchedAt = this.clock.monotonic();
      this.lastFetchFailed = false;
    } catch (error) {
      this.lastFetchFailed = true;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      this.logger.warn(`No keys from ${this.url.origin}${this.url.pathname}: ${String(cause)}`);
    }
    this.nextFetchAt = this.clock.monotonic() + (this.fetchedAt > -Infinity ? COOLDOWN : FIRST_RETRY);
  }
}
