import { describe, expect, it } from '@jest/globals';
import { rateLimitsProblem, readRateLimits } from './rate-limit.js';

const GOOD = { name: 'burst', limit: 100, windowSeconds: 60 };

describe('rate limits', () => {
  it.each([
    [[]],
    [[GOOD]],
    [[{ ...GOOD, cost: 100 }]],
    [[{ ...GOOD, limit: 1_000_000_000, windowSeconds: 2_678_400, cost: 1 }]],
    [[1, 2, 3, 4, 5].map((n) => ({ ...GOOD, name: `a${n}` }))],
    [[{ ...GOOD, name: 'x'.repeat(50) }]],
    [[{ ...GOOD, name: 'Per-day_v1.2' }]],
  ])('may be %j', (value) => {
    expect(rateLimitsProblem(value)).toBeNull();
  });

  it.each([
    ['no list', { ...GOOD }],
    ['null', null],
    ['six limits', [1, 2, 3, 4, 5, 6].map((n) => ({ ...GOOD, name: `a${n}` }))],
    ['a name twice', [GOOD, { ...GOOD, limit: 5 }]],
    ['a hole', [null]],
    ['a list in a list', [[]]],
    ['an unknown field', [{ ...GOOD, burst: 3 }]],
    ['no name', [{ limit: 1, windowSeconds: 1 }]],
    ['no limit', [{ name: 'a', windowSeconds: 1 }]],
    ['no window', [{ name: 'a', limit: 1 }]],
  ])('may not be %s', (_, value) => {
    expect(rateLimitsProblem(value)).not.toBeNull();
  });

  it.each([
    ...['', 'x'.repeat(51), 'a b', 'a"b', 'a\\b', 'a:b', 'é', '-a', '__proto__', 'a\n', 7, null].map(
      (name) => ({ name }),
    ),
    ...[0, -1, 1.5, NaN, Infinity, 1_000_000_001, 2 ** 53, '100', null, true].map((limit) => ({ limit })),
    ...[0, -60, 0.5, NaN, Infinity, 2_678_401, '60', null].map((windowSeconds) => ({ windowSeconds })),
    ...[0, -1, 0.5, NaN, Infinity, 101, '1', null].map((cost) => ({ cost })),
  ])('may not have %p', (bad) => {
    expect(rateLimitsProblem([{ ...GOOD, ...bad }])).not.toBeNull();
  });

  it.each([
    [GOOD, 'a list'],
    [[1, 2, 3, 4, 5, 6].map((n) => ({ ...GOOD, name: `a${n}` })), 'more than 5 limits'],
    [[GOOD, GOOD], 'a name twice'],
    [[null], 'objects of name'],
    [[{ ...GOOD, burst: 3 }], 'nothing but name'],
    [[{ ...GOOD, name: '-a' }], '1 to 50 letters'],
    [[{ ...GOOD, limit: 0 }], 'limits from 1 to 1000000000'],
    [[{ ...GOOD, windowSeconds: 0.5 }], 'whole seconds, from 1 to 2678400'],
    [[{ ...GOOD, cost: 101 }], 'costs from 1 to the limit'],
  ])('are told what is wrong with %j', (value, reason) => {
    expect(rateLimitsProblem(value)).toContain(reason);
  });

  it('take one unit for a verification unless told otherwise', () => {
    expect(readRateLimits([GOOD, { ...GOOD, name: 'b', cost: 3 }])).toEqual([
      { ...GOOD, cost: 1 },
      { ...GOOD, name: 'b', cost: 3 },
    ]);
  });
});
