import { localAccountsOf, type Env } from '../../../config/env.js';
import type { IssuerSettings } from '../../../config/trusted-issuers.js';
import type { Clock } from '../../../shared/clock.js';
import { TrustedIssuers } from '../application/access-token-verifier.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import type { KeySource, TrustedIssuer } from '../domain/trusted-issuer.js';
import { SIGNING_ALGORITHM } from '../../../shared/public-jwk.js';
import type { LocalKeys } from './local-keys.js';
import { RemoteKeys } from './remote-keys.js';
import { SharedSecretKeys } from './shared-secret-keys.js';

/** This service's own tokens, and those of the issuers that the configuration names. */
export function trustedIssuers(env: Env, localKeys: LocalKeys, clock: Clock): TrustedIssuers {
  const local: TrustedIssuer = {
    issuer: env.JWT_ISSUER,
    principalIssuer: LOCAL_ISSUER,
    audience: env.JWT_AUDIENCE,
    algorithms: [SIGNING_ALGORITHM],
    types: ['at+jwt'],
    keys: localKeys,
    authorizedParties: null,
    maxLifetimeSeconds: null,
    requiredClaims: [],
    scopeClaim: ['scope'],
    roles: null,
    defaultScopes: [],
  };
  const others = (env.JWT_ISSUERS ?? []).map((settings) => external(settings, clock));
  // Where nobody has an account, nobody has a token of ours.
  const own = localAccountsOf(env) === 'off' ? [] : [local];
  return new TrustedIssuers([...own, ...others].map((issuer) => [issuer.issuer, issuer]));
}

function external(settings: IssuerSettings, clock: Clock): TrustedIssuer {
  const { authorizedParties, ...others } = settings;
  return {
    ...others,
    principalIssuer: settings.issuer,
    authorizedParties: authorizedParties === null ? null : new Set(authorizedParties),
    keys: keysOf(settings, clock),
  };
}

function keysOf({ keys, algorithms }: IssuerSettings, clock: Clock): KeySource {
  return 'jwksUrl' in keys
    ? new RemoteKeys(keys.jwksUrl, algorithms, clock)
    : new SharedSecretKeys(keys.hs256Secret);
}
