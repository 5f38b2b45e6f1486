import { describe, expect, it } from '@jest/globals';
import { covers, coversAll, isKeyScope, undeclared } from './key-scopes.js';

describe('scopes', () => {
  it.each(['telemetry:write', 'telemetry:*', '*', 'a', '!', 'x'.repeat(100)])('may be named %s', (scope) => {
    expect(isKeyScope(scope)).toBe(true);
  });

  it.each([
    '',
    ' ',
    'a b',
    'a"b',
    'a\\b',
    'é',
    'a*',
    'a:*:b',
    '**',
    'x'.repeat(101),
    7,
    null,
    undefined,
    ['a'],
  ])('may not be named %p', (scope) => {
    expect(isKeyScope(scope)).toBe(false);
  });

  it.each([
    ['telemetry:write', 'telemetry:write', true],
    ['telemetry:*', 'telemetry:write', true],
    ['telemetry:*', 'telemetry:traces:write', true],
    ['telemetry:*', 'telemetry:*', true],
    ['telemetry:*', 'telemetry', false],
    ['telemetry:*', 'telemetry:', false],
    ['telemetry:*', 'telemetry2:write', false],
    ['telemetry:write', 'telemetry:*', false],
    ['telemetry', 'telemetry:write', false],
    ['*', 'anything:at:all', true],
    ['Telemetry:write', 'telemetry:write', false],
  ])('%s covers %s: %p', (held, needed, expected) => {
    expect(covers([held], needed)).toBe(expected);
  });

  it('are needed all of them, and none is enough for none', () => {
    expect(coversAll(['a', 'b'], ['a', 'b'])).toBe(true);
    expect(coversAll(['a'], ['a', 'b'])).toBe(false);
    expect(coversAll([], [])).toBe(true);
    expect(coversAll([], ['a'])).toBe(false);
  });

  it('fit what is declared, or anything where nothing is', () => {
    const declared = ['telemetry:read', 'telemetry:write', 'admin:*'];
    expect(undeclared(['telemetry:read', 'telemetry:*', 'admin:users', '*'], declared)).toEqual([]);
    expect(undeclared(['telemetry:delete', 'billing', 'bill:*'], declared)).toEqual([
      'telemetry:delete',
      'billing',
      'bill:*',
    ]);
    expect(undeclared(['anything'], [])).toEqual(['anything']);
    expect(undeclared(['anything'], null)).toEqual([]);
  });
});
