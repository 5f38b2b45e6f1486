import { Injectable } from '@nestjs/common';
import type { KeyObject } from 'node:crypto';
import { Clock } from '../../../shared/clock.js';
import { readUnverified } from '../domain/json-web-token.js';
import type { Principal } from '../domain/principal.js';
import { acceptsUnverified, notValid, principalOf, type TrustedIssuer } from '../domain/trusted-issuer.js';

/** The issuers whose tokens are taken, by their `iss`. */
export class TrustedIssuers extends Map<string, TrustedIssuer> {}

/** The two halves of verifying an access token; between them its signature is checked with the key. */
@Injectable()
export class AccessTokenVerifier {
  constructor(
    private readonly issuers: TrustedIssuers,
    private readonly clock: Clock,
  ) {}

  /** Every algorithm that any issuer may use. Which of them a token may use is up to its issuer alone. */
  algorithms(): string[] {
    return [...new Set([...this.issuers.values()].flatMap((issuer) => issuer.algorithms))];
  }

  /**
   * The key that a token must be signed with. Throws `invalid_token` when it can have none, and
   * `service_unavailable` when its issuer's keys cannot be read.
   *
   * @param isNew whether its issuer has handed it out this moment, and no stranger
   */
  async keyOf(token: string, isNew = false): Promise<KeyObject> {
    const unverified = readUnverified(token);
    if (unverified === undefined) throw notValid();
    const issuer = this.issuers.get(unverified.issuer);
    if (issuer === undefined || !acceptsUnverified(issuer, unverified)) throw notValid();
    const key = await issuer.keys.find(unverified.header, isNew);
    if (key === undefined) throw notValid();
    return key;
  }

  /** Who the claims of a token with a good signature speak for. Throws `invalid_token`. */
  principalOf(claims: Record<string, unknown>): Principal {
    const issuer = this.issuerOf(claims);
    if (issuer === undefined) throw notValid();
    return principalOf(issuer, claims, this.clock.now());
  }

  /** Whether a token with these claims, if its signature is valid now, stays validly signed for as long as this process runs. */
  hasFixedKeys(claims: Record<string, unknown>): boolean {
    return this.issuerOf(claims)?.keys.isFixed === true;
  }

  private issuerOf({ iss }: Record<string, unknown>): TrustedIssuer | undefined {
    return typeof iss === 'string' ? this.issuers.get(iss) : undefined;
  }
}
