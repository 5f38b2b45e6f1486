import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { BcryptPasswordHasher } from './bcrypt-password-hasher.js';

const HOME = { name: '192.0.2.1' };

/** Counts the work of its comparisons, in rounds. */
class CountingHasher extends BcryptPasswordHasher {
  rounds = 0;

  protected override compare(password: string, hash: string): Promise<boolean> {
    this.rounds += 2 ** Number(hash.slice(4, 6));
    return super.compare(password, hash);
  }
}

describe('BcryptPasswordHasher', () => {
  const quick = new BcryptPasswordHasher(4);

  it('verifies the password it hashed, and no other', async () => {
    const hash = await quick.hash('correct horse', HOME);
    expect(hash).toMatch(/^\$2b\$04\$.{53}$/);
    expect(await quick.verify('correct horse', hash, HOME)).toBe(true);
    expect(await quick.verify('Correct horse', hash, HOME)).toBe(false);
    expect(await quick.verify('correct horse', await quick.hash('another', HOME), HOME)).toBe(false);
  });

  it('verifies nothing against an account that does not exist', async () => {
    for (const password of ['', 'password', 'x'.repeat(100)]) {
      expect(await quick.verify(password, undefined, HOME)).toBe(false);
    }
  });

  it('takes as long for an account that does not exist as for a wrong password', async () => {
    const hasher = new BcryptPasswordHasher(9);
    const hash = await hasher.hash('correct horse', HOME);
    const time = async (known: string | undefined): Promise<number> => {
      const start = performance.now();
      await hasher.verify('wrong horse', known, HOME);
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
    ['raised', 4, 7],
    ['lowered', 7, 4],
  ])('does the same work for everybody when the cost has been %s since', async (_, before, now) => {
    const hash = await new BcryptPasswordHasher(before).hash('correct horse', HOME);
    const hasher = new CountingHasher(now, before);
    const work = async (password: string, known: string | undefined): Promise<number> => {
      hasher.rounds = 0;
      await hasher.verify(password, known, HOME);
      return hasher.rounds;
    };
    const current = await hasher.hash('correct horse', HOME);
    expect(await work('wrong horse', undefined)).toBe(2 ** 7);
    for (const known of [hash, current]) {
      expect(await work('wrong horse', known)).toBe(2 ** 7);
      expect(await work('correct horse', known)).toBe(2 ** 7);
    }
  });

  it('learns of a dearer hash when it meets one', async () => {
    const hash = await new BcryptPasswordHasher(7).hash('correct horse', HOME);
    const hasher = new CountingHasher(4);
    await hasher.verify('wrong horse', hash, HOME);
    hasher.rounds = 0;
    await hasher.verify('wrong horse', undefined, HOME);
    expect(hasher.rounds).toBe(2 ** 7);
  });

  it('lets a call from elsewhere wait for one of a flood, not for all of it', async () => {
    const hasher = new BcryptPasswordHasher(6);
    let answered = 0;
    const flood = Array.from({ length: 95 }, () =>
      hasher.verify('x', undefined, { name: 'flood' }).then(
        () => (answered += 1),
        () => undefined,
      ),
    );
    await hasher.verify('x', undefined, { name: 'elsewhere' });
    // Two were under way, and may be followed by two more.
    expect(answered).toBeLessThanOrEqual(4);
    await Promise.all(flood);
  });

  it.each([
    ['73 bytes', 'ü'.repeat(36) + 'x'],
    ['a NUL', 'correct\0horse'],
  ])('never lets bcrypt cut a password of %s off', async (_, password) => {
    await expect(quick.hash(password, HOME)).rejects.toThrow(RangeError);
    const cut = password.includes('\0') ? password.split('\0')[0]! : 'ü'.repeat(36);
    expect(await quick.verify(password, await quick.hash(cut, HOME), HOME)).toBe(false);
  });

  it('leaves the event loop free while it works', async () => {
    const done = new AbortController();
    const hashing = new BcryptPasswordHasher(11).hash('correct horse', HOME).finally(() => {
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
      Array.from({ length: 100 }, () => hasher.verify('x', undefined, HOME)),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    // Two work and eighty wait.
    expect(refused).toHaveLength(18);
    expect(refused[0]).toMatchObject({ reason: { code: 'service_unavailable', details: { retryAfter: 5 } } });
    expect(await hasher.verify('x', undefined, HOME)).toBe(false);
  });

  it('knows a hash of another cost', async () => {
    const hash = await quick.hash('correct horse', HOME);
    expect(quick.isOutdated(hash)).toBe(false);
    expect(new BcryptPasswordHasher(5).isOutdated(hash)).toBe(true);
  });
});
