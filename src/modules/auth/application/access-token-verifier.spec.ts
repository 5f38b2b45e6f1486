import { beforeEach, describe, expect, it } from '@jest/globals';
import { createSecretKey, type KeyObject } from 'node:crypto';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import type { TrustedIssuer } from '../domain/trusted-issuer.js';
import { AccessTokenVerifier, TrustedIssuers } from './access-token-verifier.js';

const KEY = createSecretKey(Buffer.alloc(32));
const LOCAL = 'https://here.example';
const FOREIGN = 'https://issuer.example';

let clock: FakeClock;
let verifier: AccessTokenVerifier;

function issuer(name: string, algorithms: string[], isFixed: boolean): TrustedIssuer {
  return {
    issuer: name,
    principalIssuer: name,
    audience: 'upblit',
    algorithms,
    types: ['at+jwt'],
    keys: {
      isFixed,
      find: ({ kid }): Promise<KeyObject | undefined> => Promise.resolve(kid === 'known' ? KEY : undefined),
    },
    authorizedParties: null,
    maxLifetimeSeconds: null,
    requiredClaims: [],
    scopeClaim: ['scope'],
    roles: null,
    defaultScopes: [],
  };
}

beforeEach(() => {
  clock = new FakeClock(new Date('2026-05-27T10:00:00.000Z'));
  const issuers = [issuer(LOCAL, ['ES256'], true), issuer(FOREIGN, ['ES256', 'RS256'], false)];
  verifier = new AccessTokenVerifier(
    new TrustedIssuers(issuers.map((one) => [one.issuer, one] as const)),
    clock,
  );
});

function token(header: object, claims: object): string {
  const [first, second] = [header, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${first}.${second}.c2ln`;
}

const HEADER = { alg: 'ES256', kid: 'known', typ: 'at+jwt' };

describe('An access token', () => {
  it('may use the algorithms of all issuers, each named once', () => {
    expect(verifier.algorithms()).toEqual(['ES256', 'RS256']);
  });

  it('is checked with the key that its issuer has for it', async () => {
    expect(await verifier.keyOf(token(HEADER, { iss: LOCAL }))).toBe(KEY);
    expect(await verifier.keyOf(token({ ...HEADER, alg: 'RS256' }, { iss: FOREIGN }))).toBe(KEY);
  });

  it.each([
    ['it is no token', 'no token'],
    ['its issuer is not trusted', token(HEADER, { iss: 'https://evil.example' })],
    ['its issuer does not use its algorithm', token({ ...HEADER, alg: 'RS256' }, { iss: LOCAL })],
    ['its issuer has no such key', token({ ...HEADER, kid: 'unknown' }, { iss: LOCAL })],
  ])('is refused when %s', async (_, text) => {
    await expect(verifier.keyOf(text)).rejects.toMatchObject({ code: 'invalid_token' });
  });

  it('speaks for whom its issuer says, until it has expired', () => {
    const exp = clock.now().getTime() / 1000 + 60;
    const claims = { iss: FOREIGN, aud: 'upblit', sub: 'ann', exp };
    expect(verifier.principalOf(claims)).toMatchObject({ issuer: FOREIGN, subject: 'ann' });
    clock.advance(120_000);
    expect(() => verifier.principalOf(claims)).toThrow(expect.objectContaining({ code: 'invalid_token' }));
  });

  it.each([undefined, 7, 'https://evil.example'])('speaks for nobody when its issuer is %s', (iss) => {
    expect(() => verifier.principalOf({ iss, aud: 'upblit', sub: 'ann' })).toThrow(
      expect.objectContaining({ code: 'invalid_token' }),
    );
    expect(verifier.hasFixedKeys({ iss })).toBe(false);
  });

  it('may be remembered as signed where the keys of its issuer stay what they are', () => {
    expect(verifier.hasFixedKeys({ iss: LOCAL })).toBe(true);
    expect(verifier.hasFixedKeys({ iss: FOREIGN })).toBe(false);
  });
});
