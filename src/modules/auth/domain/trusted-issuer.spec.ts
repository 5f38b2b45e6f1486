import { describe, expect, it } from '@jest/globals';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { acceptsHeader, principalOf, type TrustedIssuer } from './trusted-issuer.js';

const NOW = new Date('2026-05-27T10:00:00.000Z');
const SECONDS = NOW.getTime() / 1000;

const ISSUER: TrustedIssuer = {
  issuer: 'https://login.example/',
  principalIssuer: 'https://login.example/',
  audience: 'upblit',
  algorithms: ['ES256', 'RS256'],
  types: ['at+jwt', undefined],
  keys: { isFixed: true, find: () => Promise.resolve(undefined) },
  defaultScopes: ['audit:read'],
};

describe('acceptsHeader', () => {
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
    expect(acceptsHeader(ISSUER, header)).toBe(accepted);
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
