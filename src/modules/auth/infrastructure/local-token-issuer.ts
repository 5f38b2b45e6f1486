import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../../../shared/clock.js';
import { SIGNING_ALGORITHM, type PublicJwk } from '../../../shared/public-jwk.js';
import { AccessTokenIssuer, type AccessToken } from '../domain/access-token-issuer.js';
import type { Scope } from '../../../shared/scopes.js';
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

  async issue(userId: string, scopes: readonly Scope[]): Promise<AccessToken> {
    const issuedAt = Math.floor(this.clock.now().getTime() / 1000);
    const { issuer, audience, lifetimeSeconds } = this.settings;
    const token = await new SignJWT({ scope: scopes.join(' ') })
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: 'at+jwt', kid: this.keys.signingKid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .setJti(randomUUID())
      .sign(this.keys.signingKey);
    return { token, expiresIn: lifetimeSeconds };
  }

  publicKeys(): readonly PublicJwk[] {
    return this.keys.publicKeys;
  }
}
