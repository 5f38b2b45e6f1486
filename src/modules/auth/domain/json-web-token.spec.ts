import { describe, expect, it } from '@jest/globals';
import { readUnverified } from './json-web-token.js';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const join = (header: unknown, claims: unknown = { iss: 'me' }): string =>
  `${encode(header)}.${encode(claims)}.AAAA`;

describe('readUnverified', () => {
  it('returns what a key is chosen by', () => {
    const header = { alg: 'ES256', kid: 'k', typ: 'at+jwt' };
    expect(readUnverified(join({ ...header, more: 1 }))).toEqual({
      header,
      issuer: 'me',
      claims: { iss: 'me' },
    });
    expect(readUnverified(join({ alg: 'HS256' }, { iss: 'me', a: [1] }))).toStrictEqual({
      header: { alg: 'HS256' },
      issuer: 'me',
      claims: { iss: 'me', a: [1] },
    });
  });

  it('reads one of 8 KiB', () => {
    expect(readUnverified(join({ alg: 'ES256' }).padEnd(8192, 'A'))).toBeDefined();
  });

  it.each([
    ['crit', { crit: ['exp'] }],
    ['b64', { b64: false }],
    ['jku', { jku: 'https://evil.example/' }],
    ['jwk', { jwk: {} }],
    ['x5u', { x5u: 'https://evil.example/' }],
    ['x5c', { x5c: [] }],
    ['one of them, even null', { jku: null }],
    ['a kid that is no string', { kid: {} }],
    ['a typ that is no string', { typ: ['at+jwt'] }],
    ['an alg that is no string', { alg: null }],
  ])('reads no header with %s', (_, member) => {
    expect(readUnverified(join({ alg: 'ES256', ...member }))).toBeUndefined();
  });

  it.each([
    ['a header that is a list', join([])],
    ['a header that is null', join(null)],
    ['claims that are a string', join({ alg: 'ES256' }, 'claims')],
    ['claims without an issuer', join({ alg: 'ES256' }, {})],
    ['claims with two issuers', join({ alg: 'ES256' }, { iss: ['me'] })],
    ['four parts', `${join({ alg: 'ES256' })}.AAAA`],
    ['padding', join({ alg: 'ES256' }).replace('.AAAA', '.AA==')],
    ['a line break', `${join({ alg: 'ES256' })}\n`],
    ['bits to spare that are set', join({ alg: 'ES256' }).replace('.AAAA', '.AB')],
    ['8 KiB and one', join({ alg: 'ES256' }, { iss: 'me', x: 'x'.repeat(6100) }).padEnd(8193, 'A')],
    ['nothing', ''],
  ])('reads no token with %s', (_, token) => {
    expect(readUnverified(token)).toBeUndefined();
  });
});
