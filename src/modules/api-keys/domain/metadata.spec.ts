import { describe, expect, it } from '@jest/globals';
import { MAX_METADATA_BYTES, MAX_METADATA_DEPTH, MAX_METADATA_VALUES, metadataProblem } from './metadata.js';

function nested(levels: number): object {
  return levels === 1 ? {} : { a: nested(levels - 1) };
}

describe('metadata', () => {
  it('is a JSON object', () => {
    expect(metadataProblem({ team: 'checkout', list: [1, null, { a: true }] })).toBeNull();
    for (const value of [null, [], 'text', 7, true, undefined]) {
      expect(metadataProblem(value)).toBe('must be a JSON object');
    }
  });

  it('has up to 8 levels, and one more is refused', () => {
    expect(metadataProblem(nested(MAX_METADATA_DEPTH))).toBeNull();
    expect(metadataProblem(nested(MAX_METADATA_DEPTH + 1))).toContain('8 levels');
    expect(metadataProblem({ a: [[[[[[[[]]]]]]]] })).toContain('8 levels');
  });

  it('has up to 1,000 fields and elements of all levels, and one more is refused', () => {
    const list = (length: number): object[] => Array.from({ length }, () => ({}));
    expect(metadataProblem({ a: list(MAX_METADATA_VALUES - 3), b: { c: null } })).toBeNull();
    expect(metadataProblem({ a: list(MAX_METADATA_VALUES - 3), b: { c: 1, d: '' } })).toContain(
      '1000 fields',
    );
    expect(metadataProblem({ a: [[[list(MAX_METADATA_VALUES)]]] })).toContain('1000 fields');
  });

  it('has up to 16 KiB of UTF-8, and one byte more is refused', () => {
    const room = MAX_METADATA_BYTES - '{"a":""}'.length;
    expect(metadataProblem({ a: 'x'.repeat(room) })).toBeNull();
    expect(metadataProblem({ a: 'x'.repeat(room + 1) })).toContain('bytes');
    expect(metadataProblem({ a: 'é'.repeat(room / 2 + 1) })).toContain('bytes');
  });
});
