import { Logger } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, type CryptoKey } from 'jose';
import { KeyObject } from 'node:crypto';
import type { Clock } from '../../../shared/clock.js';
import { RemoteCopy } from '../../../shared/remote-copy.js';
import type { TokenHeader } from '../domain/json-web-token.js';
import type { KeySource } from '../domain/trusted-issuer.js';
import { fetchJwks } from './fetch-jwks.js';

/** Milliseconds for the whole answer of the issuer. */
const TIMEOUT = 3000;
const TIMES = {
  maxAge: 10 * 60_000,
  maxAgeUnreachable: 24 * 3600_000,
  cooldown: 30_000,
  firstRetry: 5_000,
};

/** RFC 7518, section 3.3. */
const MIN_RSA_BITS = 2048;

/**
 * The keys behind an issuer's JWKS URL: cached, and fetched again when they are old or a `kid` is not there.
 *
 * `jose` reads and chooses them. When they are read again `RemoteCopy` decides: `jose` would go by the wall clock, which may be
 * set back, would ask an issuer that is away once for every token, and would forget its keys meanwhile.
 */
export class RemoteKeys implements KeySource {
  readonly isFixed = false;
  private readonly logger = new Logger(RemoteKeys.name);
  private readonly keySet: ReturnType<typeof createRemoteJWKSet>;
  private readonly copy: RemoteCopy;
  /** Of each key that `jose` has made of the set: a key that is converted for every token costs more than its use. */
  private readonly converted = new WeakMap<CryptoKey, KeyObject>();

  constructor(
    url: URL,
    private readonly algorithms: readonly string[],
    clock: Clock,
  ) {
    this.keySet = createRemoteJWKSet(url, {
      timeoutDuration: TIMEOUT,
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      [customFetch]: fetchJwks,
    });
    const onFailure = (error: unknown): void => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      this.logger.warn(`No keys from ${url.origin}${url.pathname}: ${String(cause)}`);
    };
    const unavailable = "The keys of the token's issuer cannot be read just now.";
    this.copy = new RemoteCopy({ read: () => this.keySet.reload(), onFailure, unavailable }, TIMES, clock);
  }

  /**
   * Throws `service_unavailable` when the keys cannot be read: the token cannot be called bad. Of a key that is not there
   * others are told so, although its issuer may use it since they were read: `jose` does as well, anybody can name one, and
   * providers publish a key before they use it. A token that comes from the issuer itself (`isNew`) waits for it.
   */
  find(header: TokenHeader, isNew?: boolean): Promise<KeyObject | undefined> {
    return this.copy.find(() => this.cached(header), isNew);
  }

  private async cached({ alg, kid }: TokenHeader): Promise<KeyObject | undefined> {
    if (!this.algorithms.includes(alg)) return undefined;
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
}
