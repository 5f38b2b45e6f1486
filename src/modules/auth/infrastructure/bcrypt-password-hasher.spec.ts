import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { BcryptPasswordHasher } from './bcrypt-password-hasher.js';

describe('BcryptPasswordHasher', () => {
  const quick = new BcryptPasswordHasher(4);

  it('verifies the password it hashed, and no other', async () => {
    const hash = await quick.hash('correct horse');
    expect(hash).toMatch(/^\$2b\$04\$.{53}$/);
    expect(await quick.verify('correct horse', hash)).toBe(true);
    expect(await quick.verify('Correct horse', hash)).toBe(false);
    expect(await quick.verify('correct horse', await quick.hash('another'))).toBe(false);
  });

  it('verifies nothing against an account that does not exist', async () => {
    for (const password of ['', 'password', 'x'.repeat(100)]) {
      expect(await quick.verify(password, undefined)).toBe(false);
    }
  });

  it('takes as long for an account that does not exist as for a wrong password', async () => {
    const hasher = new BcryptPasswordHasher(9);
    const hash = await hasher.hash('correct horse');
    const time = async (known: string | undefined): Promise<number> => {
      const start = performance.now();
      await hasher.verify('wrong horse', known);
      return performance.now() - start;
    };
    const rounds: [number, number][] = [];
    for (let round = 0; round < 9; round += 1) rounds.push([await time(hash), await time(undefined)]);
    const median = (index: 0 | 1): number => rounds.map((round) => round[index]).sort((a, b) => a - b)[4]!;
    // Without a hash to compare with it would be a thousandth.
    expect(median(1) / median(0)).toBeGreaterThan(0.5);
    expect(median(1) / median(0)).toBeLessThan(2);
  });

  it.each([
    ['73 bytes', 'ü'.repeat(36) + 'x'],
    ['a NUL', 'correct\0horse'],
  ])('never lets bcrypt cut a password of %s off', async (_, password) => {
    await expect(quick.hash(password)).rejects.toThrow(RangeError);
    const cut = password.includes('\0') ? password.split('\0')[0]! : 'ü'.repeat(36);
    expect(await quick.verify(password, await quick.hash(cut))).toBe(false);
  });

  it('leaves the event loop free while it works', async () => {
    const done = new AbortController();
    const hashing = new BcryptPasswordHasher(11).hash('correct horse').finally(() => {
      done.abort();
    });
    let turns = 0;
    for (; !done.signal.aborted; turns += 1) await setImmediate();
    await hashing;
    expect(turns).toBeGreaterThan(20);
  });

  it('turns callers away once too many are waiting, and takes them again when those are done', async () => {
    const hasher = new BcryptPasswordHasher(6);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () => hasher.verify('x', undefined)),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    // Two work and eighty wait.
    expect(refused).toHaveLength(18);
    expect(refused[0]).toMatchObject({ reason: { code: 'service_unavailable', details: { retryAfter: 5 } } });
    expect(await hasher.verify('x', undefined)).toBe(false);
  });

  it('knows a hash of another cost', async () => {
    const hash = await quick.hash('correct horse');
    expect(quick.isOutdated(hash)).toBe(false);
    expect(new BcryptPasswordHasher(5).isOutdated(hash)).toBe(true);
  });
});
