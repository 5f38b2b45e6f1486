import { describe, expect, it } from '@jest/globals';
import { ApiKeySecret } from './api-key-secret.js';
import { KeyHash } from './key-hasher.js';

const NOW = new Date('2026-05-27T10:00:00.000Z');
const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
const HASH = new KeyHash(Buffer.alloc(32, 7), 3);
const create = (): ApiKeySecret => ApiKeySecret.create('secret', 'key', HASH, 'hint', NOW);

describe('A secret', () => {
  it('does not expire until something ends it, and keeps only the hash of its plaintext', () => {
    expect(create()).toMatchObject({
      hash: HASH.bytes,
      pepperVersion: 3,
      hint: 'hint',
      createdAt: NOW,
      expiresAt: null,
      overlapSeconds: null,
      revokedAt: null,
      imported: false,
      importedFor: null,
      tagVersion: 3,
    });
    expect(create().isLive(at(1e9))).toBe(true);
  });

  it('tells whether it was made elsewhere', () => {
    const key = { id: 'key', applicationId: 'application' };
    expect(ApiKeySecret.import('secret', key, HASH, 'hint', NOW)).toEqual(
      Object.assign(create(), { imported: true, importedFor: 'application', tagVersion: null }),
    );
  });

  it('works until its time, and an end is never moved away', () => {
    const secret = create();
    secret.endAt(at(60));
    expect(secret.isLive(at(59.999))).toBe(true);
    expect(secret.isLive(at(60))).toBe(false);
    secret.endAt(at(61));
    expect(secret.expiresAt).toEqual(at(60));
    secret.endAt(at(10));
    expect(secret.expiresAt).toEqual(at(10));
  });

  it('works no more once it was ended, by whatever clock, and keeps the first time', () => {
    const secret = create();
    secret.revoke(at(60));
    secret.revoke(at(90));
    expect(secret.isLive(at(-60))).toBe(false);
    expect(secret.revokedAt).toEqual(at(60));
  });
});
