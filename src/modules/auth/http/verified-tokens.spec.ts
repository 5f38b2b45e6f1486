import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { AccessTokenVerifier, TrustedIssuers } from '../application/access-token-verifier.js';
import type { TrustedIssuer } from '../domain/trusted-issuer.js';
import { VerifiedTokens } from './verified-tokens.js';

const START = new Date('2030-01-01T00:00:00Z');

describe('tokens that have been verified', () => {
  const clock = new FakeClock(START);
  const issuers = new TrustedIssuers(
    [issuerOf('local', true), issuerOf('remote', false)].map((issuer) => [issuer.issuer, issuer]),
  );
  const tokens = new VerifiedTokens(new AccessTokenVerifier(issuers, clock));

  it('are known by their whole text, and no other', () => {
    tokens.remember('a.b.c', claimsOf('local'));
    expect(tokens.recall('a.b.c')).toMatchObject({ subject: '019b76da-a800-7000-8000-000000000009' });
    for (const other of ['a.b.d', 'a.b.c=', 'a.b', '']) expect(tokens.recall(other)).toBeUndefined();
  });

  it('are not remembered when the keys of their issuer may change', () => {
    tokens.remember('d.e.f', claimsOf('remote'));
    expect(tokens.recall('d.e.f')).toBeUndefined();
  });

  it('expire as if they were seen for the first time', () => {
    tokens.remember('g.h.i', claimsOf('local'));
    clock.advance(3600 * 1000);
    expect(() => tokens.recall('g.h.i')).toThrow(DomainError);
  });
});

function issuerOf(name: string, isFixed: boolean): TrustedIssuer {
  return {
    issuer: name,
    principalIssuer: name,
    audience: 'here',
    algorithms: ['ES256'],
    types: ['at+jwt'],
    keys: { isFixed, find: () => Promise.resolve(undefined) },
    authorizedParties: null,
    maxLifetimeSeconds: null,
    requiredClaims: [],
    scopeClaim: ['scope'],
    roles: null,
    defaultScopes: [],
  };
}

function claimsOf(issuer: string): Record<string, unknown> {
  return {
    iss: issuer,
    aud: 'here',
    sub: '019b76da-a800-7000-8000-000000000009',
    exp: START.getTime() / 1000 + 900,
    scope: '',
  };
}
