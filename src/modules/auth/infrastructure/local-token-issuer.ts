import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../../../shared/clock.js';
import { SIGNING_ALGORITHM, type PublicJwk } from '../../../shared/public-jwk.js';
import { AccessTokenIssuer, type AccessToken } from '../domain/access-token-issuer.js';
import type { RefreshTokenFamily } from '../domain/refresh-token-family.js';
import type { LocalKeys } from './local-keys.js';

/** Access tokens in the JWT profile (RFC 9068). */
export class LocalTokenIssuer extends AccessTokenIssuer {
  constructor(
    private readonly keys: LocalKeys,
    private readonly settings: { issuer: string; audience: string; lifetimeSeconds: number },
    private readonly clock: Clock,
  ) {
    super();
  }

  async issue({ id, userId, scopes, expiresAt }: RefreshTokenFamily): Promise<AccessToken> {
    const issuedAt = Math.floor(this.clock.now().getTime() / 1000);
    const { issuer, audience, lifetimeSeconds } = this.settings;
    const expiresIn = Math.min(lifetimeSeconds, Math.floor(expiresAt.getTime() / 1000) - issuedAt);
    // `sid` as OpenID Connect Front-Channel Logout 1.0 registers it.
    const token = await new SignJWT({ scope: scopes.join(' '), sid: id })
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: 'at+jwt', kid: this.keys.signingKid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + expiresIn)
      .setJti(randomUUID())
      .sign(this.keys.signingKey);
    return { token, expiresIn };
  }

  publicKeys(): readonly PublicJwk[] {
    return this.keys.publicKeys;
  }
}
