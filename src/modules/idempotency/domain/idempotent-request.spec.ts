import { describe, expect, it } from '@jest/globals';
import { IdempotencyKey } from './idempotency-key.js';
import { fingerprintOf } from './idempotent-request.js';

function fingerprint(
  request: { path?: string; query?: unknown; body?: unknown },
  route = 'POST /apikey',
): string {
  const key = IdempotencyKey.parse('a key of eight'.replaceAll(' ', '-'))!;
  const by = { issuer: 'local', subject: 'ann' };
  return fingerprintOf({
    key,
    by,
    route,
    request: { path: '/apikey', query: {}, body: undefined, ...request },
  });
}

describe('fingerprintOf', () => {
  it('takes two spellings of one request for the same', () => {
    expect(fingerprint({ body: { a: 1, b: { c: [1, 2], d: null } } })).toBe(
      fingerprint({ body: { b: { d: null, c: [1, 2] }, a: 1 } }),
    );
    expect(fingerprint({ query: { a: '1', b: '2' } })).toBe(fingerprint({ query: { b: '2', a: '1' } }));
    expect(fingerprint({ body: {} })).toBe(fingerprint({}));
  });

  it.each([
    [{ path: '/other' }, {}],
    [{ query: { a: '1' } }, {}],
    [{ query: { a: '1' } }, { body: { a: '1' } }],
    [{ body: { a: 1 } }, { body: { a: '1' } }],
    [{ body: { a: null } }, { body: {} }],
    [{ body: { a: [1, 2] } }, { body: { a: [2, 1] } }],
    [{ body: { a: { b: 1 } } }, { body: { a: {}, b: 1 } }],
  ])('tells %j from %j', (one, other) => {
    expect(fingerprint(one)).not.toBe(fingerprint(other));
  });

  it('tells routes apart', () => {
    expect(fingerprint({})).not.toBe(fingerprint({}, 'PUT /apikey'));
  });
});

describe('IdempotencyKey', () => {
  it.each(['12345678', '"8e03978e"', '!~!~!~!~', 'x'.repeat(255)])(
    'is 8 to 255 visible characters, as %s',
    (text) => {
      expect(IdempotencyKey.parse(text)?.reveal()).toBe(text);
    },
  );

  it.each(['', '1234567', 'x'.repeat(256), '1234 5678', '12345678\t', '1234567é', '12345678\n'])(
    'is never %j',
    (text) => {
      expect(IdempotencyKey.parse(text)).toBeNull();
    },
  );
});
