import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import passport from 'passport';
import { Strategy, type SecretOrKeyProvider, type StrategyOptionsWithRequest } from 'passport-jwt';
import { AccessTokenVerifier } from '../application/access-token-verifier.js';
import type { Principal } from '../domain/principal.js';
import { bearerToken } from './bearer-token.js';
import { VerifiedTokens } from './verified-tokens.js';

/**
 * Access tokens by passport-jwt, which checks the signature: with the key that the verifier says, and with no
 * other. The claims, `exp` and `nbf` among them, are judged in one place, the verifier's, by our clock.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    private readonly verifier: AccessTokenVerifier,
    private readonly verified: VerifiedTokens,
  ) {
    super({
      passReqToCallback: true,
      jwtFromRequest: (request: unknown) => bearerToken(request as FastifyRequest),
      secretOrKeyProvider: keyProvider(verifier),
      algorithms: verifier.algorithms() as NonNullable<StrategyOptionsWithRequest['algorithms']>,
      ignoreExpiration: true,
      // The types call it deprecated, but it is the one way to pass this on.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      jsonWebTokenOptions: { ignoreNotBefore: true },
    });
    // Passport keeps its strategies in the process; two applications in one (the tests) must not share theirs.
    this.name = `jwt-${randomUUID()}`;
    passport.use(this);
  }

  validate(request: FastifyRequest, claims: Record<string, unknown>): Principal {
    const principal = this.verifier.principalOf(claims);
    this.verified.remember(bearerToken(request), claims);
    return principal;
  }
}

function keyProvider(verifier: AccessTokenVerifier): SecretOrKeyProvider<FastifyRequest> {
  return (_request, token: string, done) => {
    verifier.keyOf(token).then(
      (key) => {
        // A KeyObject, which the types do not know of: a PEM would be parsed again for every request.
        done(null, key as unknown as Buffer);
      },
      (error: unknown) => {
        done(error);
      },
    );
  };
}
