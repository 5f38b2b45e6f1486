import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../shared/canonical-json.js';
import { recordedFields } from './recorded-fields.js';

function digestOf(value: unknown): object {
  const json = canonicalJson(value);
  return { sha256: createHash('sha256').update(json).digest('hex'), bytes: Buffer.byteLength(json) };
}

describe('the fields of an event', () => {
  it('are recorded as they are when they are small', () => {
    const fields = { name: 'x'.repeat(510), enabled: true, expiresAt: null, metadata: { team: 'checkout' } };
    expect(recordedFields(fields)).toEqual(fields);
    expect(recordedFields(null)).toBeNull();
  });

  it('are recorded by digest when they are large, in the order and the spelling of whoever kept them', () => {
    const metadata = { team: 'é'.repeat(300), deep: { b: 1, a: [2] } };
    const kept = { deep: { a: [2], b: 1 }, team: 'é'.repeat(300) };
    expect(recordedFields({ name: 'a key', metadata })).toEqual({
      name: 'a key',
      metadata: digestOf(kept),
    });
  });

  it('are together small enough, the largest of them by digest first', () => {
    const [description, tags, scopes] = ['d'.repeat(480), ['t'.repeat(470)], ['s'.repeat(300)]];
    expect(recordedFields({ scopes, description, tags, enabled: true })).toEqual({
      scopes,
      description: digestOf(description),
      tags,
      enabled: true,
    });
  });

  it('take little room, however many and large they are', () => {
    for (const length of [90, 200, 500, 60_000]) {
      const fields = Object.fromEntries(
        Array.from({ length: 12 }, (_, nth) => [`field${nth}`, '😀'.repeat(length / 4)]),
      );
      expect(canonicalJson(recordedFields(fields)).length).toBeLessThan(1500);
    }
  });

  it('cannot pass for a digest', () => {
    const metadata = { sha256: '0'.repeat(64), bytes: 16_384 };
    expect(recordedFields({ metadata })).toEqual({ metadata: digestOf(metadata) });
    expect(recordedFields({ metadata: { sha256: '0' } })).toEqual({ metadata: { sha256: '0' } });
  });
});
