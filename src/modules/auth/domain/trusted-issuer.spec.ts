import { describe, expect, it } from '@jest/globals';
import type { Scope } from '../../../shared/scopes.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { acceptsUnverified, principalOf, type TrustedIssuer } from './trusted-issuer.js';

const NOW = new Date('2026-05-27T10:00:00.000Z');
const SECONDS = NOW.getTime() / 1000;

const ISSUER: TrustedIssuer = {
  issuer: 'https://login.example/',
  principalIssuer: 'https://login.example/',
  audience: 'upblit',
  algorithms: ['ES256', 'RS256'],
  types: ['at+jwt', undefined],
  keys: { isFixed: true, find: () => Promise.resolve(undefined) },
  authorizedParties: null,
  maxLifetimeSeconds: null,
  requiredClaims: [],
  scopeClaim: ['scope'],
  roles: null,
  defaultScopes: ['audit:read'],
};

describe('acceptsUnverified', () => {
  it.each([
    [{ alg: 'ES256', typ: 'at+jwt' }, true],
    [{ alg: 'RS256' }, true],
    [{ alg: 'ES256', typ: 'application/AT+jwt' }, true],
    [{ alg: 'ES384', typ: 'at+jwt' }, false],
    [{ alg: 'HS256', typ: 'at+jwt' }, false],
    [{ alg: 'es256', typ: 'at+jwt' }, false],
    [{ alg: 'none', typ: 'at+jwt' }, false],
    [{ alg: '', typ: 'at+jwt' }, false],
    [{ alg: 'ES256', typ: 'JWT' }, false],
    [{ alg: 'ES256', typ: '' }, false],
    [{ alg: 'ES256', typ: 'text/at+jwt' }, false],
    [{ alg: 'ES256', typ: 'text/application/at+jwt' }, false],
    [{ alg: 'ES256', typ: 'atapplication/+jwt' }, false],
  ])("takes no header whose algorithm or type is not the issuer's: %j", (header, accepted) => {
    expect(acceptsUnverified(ISSUER, { header, claims: {} })).toBe(accepted);
  });

  describe.each([
    { nonce: 'n' },
    { nonce: null },
    { at_hash: 'h' },
    { c_hash: 'h' },
    { s_hash: 'h' },
    { typ: 'ID' },
    { token_use: 'id' },
  ])('with the claims %j of an ID token', (claims) => {
    const issuer = { ...ISSUER, types: ['at+jwt', 'jwt', 'own+jwt', undefined] };

    it.each([undefined, 'JWT', 'application/jwt'])('takes none of the type %s', (typ) => {
      const header = { alg: 'ES256', ...(typ === undefined ? {} : { typ }) };
      expect(acceptsUnverified(issuer, { header, claims: { sub: 'ann' } })).toBe(true);
      expect(acceptsUnverified(issuer, { header, claims })).toBe(false);
    });

    it.each(['at+jwt', 'own+jwt'])('takes one that says that it is something else: %s', (typ) => {
      expect(acceptsUnverified(issuer, { header: { alg: 'ES256', typ }, claims })).toBe(true);
    });
  });
});

describe('principalOf', () => {
  const good = { iss: ISSUER.issuer, aud: 'upblit', sub: 'ann', exp: SECONDS + 1 };
  const read = (changes: Record<string, unknown>): ReturnType<typeof principalOf> =>
    principalOf(ISSUER, { ...good, ...changes }, NOW);

  it('returns who the claims speak for', () => {
    expect(read({ scope: 'apikeys:read' })).toEqual({
      issuer: ISSUER.issuer,
      subject: 'ann',
      scopes: new Set(['apikeys:read']),
      tokenId: null,
      sessionId: null,
    });
  });

  it('tells the session of our own tokens alone, and takes none whose session is no id', () => {
    const sid = '019b76da-a800-7000-8000-000000000002';
    const own = { ...ISSUER, principalIssuer: LOCAL_ISSUER };
    const claims = { ...good, sub: '019b76da-a800-7000-8000-000000000001', sid };
    expect(principalOf(own, claims, NOW).sessionId).toBe(sid);
    expect(principalOf(own, { ...claims, sid: undefined }, NOW).sessionId).toBeNull();
    for (const bad of ['', 'one', 7, null, [sid], sid.toUpperCase()]) {
      expect(() => principalOf(own, { ...claims, sid: bad }, NOW)).toThrow('invalid_token');
    }
    expect(read({ sid }).sessionId).toBeNull();
    expect(read({ sid: 7 }).sessionId).toBeNull();
  });

  it('tells the id of the token, where it has one that can be kept', () => {
    expect(read({ jti: 'a-token' }).tokenId).toBe('a-token');
    for (const jti of ['', 'x'.repeat(256), 'a\u0000b', 'a\ud800', 7, null, {}]) {
      expect(read({ jti }).tokenId).toBeNull();
    }
  });

  it('gives the default scopes to a token without the claim only', () => {
    expect(read({}).scopes).toEqual(new Set(['audit:read']));
    expect(read({ scope: '' }).scopes).toEqual(new Set());
  });

  describe('of an issuer with further settings', () => {
    const withSettings = (settings: Partial<TrustedIssuer>, claims: object): ReturnType<typeof principalOf> =>
      principalOf({ ...ISSUER, ...settings }, { ...good, ...claims }, NOW);

    it.each([
      [{ azp: 'a' }, true],
      [{ client_id: 'a' }, true],
      [{ azp: 'a', client_id: 'c' }, true],
      [{ cid: 'a' }, true],
      [{ appid: 'b' }, true],
      [{ azp: 'c', client_id: 'a' }, false],
      [{ azp: null, client_id: 'a' }, false],
      [{ azp: 'c' }, false],
      [{ azp: ['a'] }, false],
      [{ azp: '' }, false],
      [{}, false],
    ])('takes tokens of its clients alone: %j', (claims, isTaken) => {
      const attempt = expect(() => withSettings({ authorizedParties: new Set(['a', 'b']) }, claims));
      if (isTaken) attempt.not.toThrow();
      else attempt.toThrow('invalid_token');
    });

    it.each([
      [{ iat: SECONDS - 59 }, true],
      [{ iat: SECONDS, exp: SECONDS + 60 }, true],
      [{ iat: SECONDS, exp: SECONDS + 60.5 }, false],
      [{ iat: SECONDS + 11, exp: SECONDS + 20 }, false],
      [{ exp: SECONDS + 5 }, false],
    ])(
      'takes none that is valid for longer than it may be, or does not say for how long: %j',
      (claims, isTaken) => {
        const attempt = expect(() => withSettings({ maxLifetimeSeconds: 60 }, claims));
        if (isTaken) attempt.not.toThrow();
        else attempt.toThrow('invalid_token');
      },
    );

    it.each([
      [{ tenant: 'acme', realm: { verified: true } }, true],
      [{ tenant: ['other', 'emca'], realm: { verified: [true] } }, true],
      [{ tenant: 'acme', realm: { verified: 'true' } }, false],
      [{ tenant: 'acme' }, false],
      [{ tenant: 'acme', realm: null }, false],
      [{ tenant: 'acm', realm: { verified: true } }, false],
      [{ tenant: { acme: true }, realm: { verified: true } }, false],
      [{ realm: { verified: true } }, false],
    ])('takes those alone that have every required claim: %j', (claims, isTaken) => {
      const requiredClaims = [
        { path: ['tenant'], values: ['acme', 'emca'] },
        { path: ['realm', 'verified'], values: [true] },
      ];
      const attempt = expect(() => withSettings({ requiredClaims }, claims));
      if (isTaken) attempt.not.toThrow();
      else attempt.toThrow('invalid_token');
    });

    it('finds no required claim in what every object has', () => {
      const requiredClaims = [{ path: ['constructor', 'name'], values: ['Object'] }];
      expect(() => withSettings({ requiredClaims }, {})).toThrow('invalid_token');
    });

    it.each([
      [{ permissions: ['apikeys:read', 'openid'] }, ['apikeys:read']],
      [{ permissions: 'apikeys:read audit:read' }, ['apikeys:read', 'audit:read']],
      [{ permissions: [], scope: 'apikeys:read' }, []],
      [{ scope: 'apikeys:read' }, ['audit:read']],
    ])('reads the scopes where it says that they stand: %j', (claims, scopes) => {
      expect(withSettings({ scopeClaim: ['permissions'] }, claims).scopes).toEqual(new Set(scopes));
    });

    it.each([
      { permissions: 7 },
      { permissions: ['apikeys:read', 7] },
      { permissions: { a: 1 } },
      { permissions: null },
    ])('refuses what is no list of scopes there: %j', (claims) => {
      expect(() => withSettings({ scopeClaim: ['permissions'] }, claims)).toThrow('invalid_token');
    });

    it('gives roles the scopes that they are to have, and the names of scopes none', () => {
      const settings: Partial<TrustedIssuer> = {
        scopeClaim: ['realm_access', 'roles'],
        roles: new Map<string, Scope[]>([
          ['admin', ['applications:write', 'apikeys:write']],
          ['auditor', ['audit:read']],
        ]),
      };
      const scopesOf = (roles: unknown): unknown =>
        withSettings(settings, { realm_access: { roles } }).scopes;
      expect(scopesOf(['admin', 'auditor', 'nobody'])).toEqual(
        new Set(['applications:write', 'apikeys:write', 'audit:read']),
      );
      expect(scopesOf(['apikeys:write', '__proto__'])).toEqual(new Set());
    });
  });

  it('tolerates ten seconds between the clocks, and no more', () => {
    expect(() => read({ exp: SECONDS - 9.9 })).not.toThrow();
    expect(() => read({ exp: SECONDS - 10 })).toThrow('has expired');
    expect(() => read({ nbf: SECONDS + 10 })).not.toThrow();
    expect(() => read({ nbf: SECONDS + 10.1 })).toThrow('not valid yet');
  });

  it.each([{ exp: SECONDS - 10 }, { nbf: SECONDS + 11 }])(
    'calls the token invalid for its times: %j',
    (changes) => {
      expect(() => read(changes)).toThrow(expect.objectContaining({ code: 'invalid_token' }));
    },
  );

  it('takes of its own tokens none whose subject is no id of a person', () => {
    const own = { ...ISSUER, principalIssuer: LOCAL_ISSUER };
    const id = '019b76da-a800-7000-8000-000000000001';
    expect(principalOf(own, { ...good, sub: id }, NOW)).toMatchObject({ issuer: LOCAL_ISSUER, subject: id });
    expect(() => principalOf(own, good, NOW)).toThrow('invalid_token');
  });

  it.each([
    [{ iss: 'https://other.example/' }],
    [{ aud: 'other' }],
    [{ aud: [] }],
    [{ aud: { upblit: true } }],
    [{ aud: ['upblit', null] }],
    [{ sub: undefined }],
    [{ sub: '' }],
    [{ sub: 'x'.repeat(256) }],
    [{ sub: 'a\nb' }],
    [{ sub: '\ud800' }],
    [{ exp: undefined }],
    [{ exp: '9999999999' }],
    [{ exp: Infinity }],
    [{ exp: NaN }],
    [{ nbf: null }],
    [{ iat: 'now' }],
    [{ scope: ['audit:read'] }],
    [{ scope: null }],
  ])('refuses claims with %j', (changes) => {
    expect(() => read(changes)).toThrow('invalid_token');
  });
});
