/** Values that clients send by mistake, or to see what breaks, where something else is expected. */
export const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  'x',
  '0',
  'null',
  'x'.repeat(20_000),
  'é✓😀'.repeat(50),
  '\0',
  '\ud800',
  "'; DROP TABLE users; --",
  '../../etc/passwd',
  '%00',
  '9999-12-31T23:59:59Z',
  '-271821-04-20T00:00:00Z',
  '00000000-0000-0000-0000-000000000000',
  [],
  [[]],
  [[[]]],
  [null],
  [{}],
  [1],
  [''],
  ['\0'],
  Array.from({ length: 2000 }, () => 'a'),
  Array.from({ length: 2000 }, () => ({})),
  {},
  { a: {} },
  { length: 1 },
  { 0: 'a', length: 1 },
  { then: 1 },
  { toString: 1 },
  { valueOf: null },
  { toJSON: 'x' },
  { hasOwnProperty: 1 },
  JSON.parse('{"__proto__":{"a":1}}'),
  { constructor: { prototype: {} } },
  { prototype: 1 },
  nested(100),
];

/** Texts for a place in a path or a query, percent-encoded. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  '%20',
  '0',
  '-1',
  '1e9',
  '99999999999999999999',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'toString',
  '%00',
  '%ff',
  '%',
  '%ED%A0%80',
  '%F0%9F%98%80',
  '..%2f..',
  "'%20OR%201=1",
  '{}',
  '[]',
  'x'.repeat(5000),
  '00000000-0000-0000-0000-000000000000',
];

/** The body with another value in each place, one place at a time, and with a field more. */
export function* variantsOf(body: unknown): Generator {
  yield* HOSTILE_VALUES;
  if (Array.isArray(body)) {
    for (const [i, item] of body.entries()) {
      for (const variant of variantsOf(item)) yield body.with(i, variant);
    }
  } else if (typeof body === 'object' && body !== null) {
    for (const [name, value] of Object.entries(body)) {
      for (const variant of variantsOf(value)) yield { ...body, [name]: variant };
    }
    for (const name of ['toString', 'constructor', 'then', 'length', '\0', '']) yield { ...body, [name]: 1 };
  }
}

function nested(depth: number): unknown {
  return depth === 0 ? [] : [nested(depth - 1)];
}
