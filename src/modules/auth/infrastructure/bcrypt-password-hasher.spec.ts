import { describe, expect, it } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import type { PasswordHash } from '../domain/password-hasher.js';
import { BcryptPasswordHasher } from './bcrypt-password-hasher.js';
import { PasswordPeppers } from './password-peppers.js';

const HOME = { name: '192.0.2.1' };

const [FIRST, SECOND] = [1, 2].map((version) => ({ version, key: Buffer.alloc(32, version) }));
const PEPPERS = new PasswordPeppers([FIRST!]);

/** As passwords were kept before there was a pepper. */
async function hashOfBefore(password: string, cost = 4): Promise<PasswordHash> {
  return { text: await bcrypt.hash(password, cost), pepperVersion: null };
}

/** Counts the work of its comparisons, in rounds. */
class CountingHasher extends BcryptPasswordHasher {
  rounds = 0;

  protected override compare(password: string, hash: string): Promise<boolean> {
    this.rounds += 2 ** Number(hash.slice(4, 6));
    return super.compare(password, hash);
  }
}

describe('BcryptPasswordHasher', () => {
  const quick = new BcryptPasswordHasher(PEPPERS, 4);

  it('verifies the password it hashed, and no other', async () => {
    const hash = await quick.hash('correct horse', HOME);
    expect(hash).toEqual({ text: expect.stringMatching(/^\$2b\$04\$.{53}$/), pepperVersion: 1 });
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
    const hasher = new BcryptPasswordHasher(PEPPERS, 9);
    const hash = await hasher.hash('correct horse', HOME);
    const time = async (known: PasswordHash | undefined): Promise<number> => {
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
    const hash = await new BcryptPasswordHasher(PEPPERS, before).hash('correct horse', HOME);
    const hasher = new CountingHasher(PEPPERS, now, before);
    const work = async (password: string, known: PasswordHash | undefined): Promise<number> => {
      hasher.rounds = 0;
      await hasher.verify(password, known, HOME);
      return hasher.rounds;
    };
    const current = await hasher.hash('correct horse', HOME);
    expect(await work('wrong horse', undefined)).toBe(2 ** 7);
    const ofBefore = await hashOfBefore('correct horse', before);
    for (const known of [hash, current, ofBefore]) {
      expect(await work('wrong horse', known)).toBe(2 ** 7);
      expect(await work('correct horse', known)).toBe(2 ** 7);
    }
    // Of these no password can be right.
    expect(await work('x'.repeat(73), ofBefore)).toBe(2 ** 7);
    expect(await work('correct horse', { ...hash, pepperVersion: 3 })).toBe(2 ** 7);
  });

  it('learns of a dearer hash when it meets one', async () => {
    const hash = await new BcryptPasswordHasher(PEPPERS, 7).hash('correct horse', HOME);
    const hasher = new CountingHasher(PEPPERS, 4);
    await hasher.verify('wrong horse', hash, HOME);
    hasher.rounds = 0;
    await hasher.verify('wrong horse', undefined, HOME);
    expect(hasher.rounds).toBe(2 ** 7);
  });

  it('lets a call from elsewhere wait for one of a flood, not for all of it', async () => {
    const hasher = new BcryptPasswordHasher(PEPPERS, 6);
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
    ['the 73rd byte', 'ü'.repeat(36) + 'x', 'ü'.repeat(36) + 'y'],
    ['a NUL', 'correct\0horse', 'correct\0house'],
    ['256 characters', '🙂'.repeat(255) + 'x', '🙂'.repeat(255) + 'y'],
  ])('tells passwords apart that differ after %s', async (_, one, another) => {
    const hash = await quick.hash(one, HOME);
    expect(await quick.verify(one, hash, HOME)).toBe(true);
    expect(await quick.verify(another, hash, HOME)).toBe(false);
  });

  it('takes a password for the same however a keyboard has written it', async () => {
    const hash = await quick.hash('cafe\u0301 ﬁnale', HOME);
    expect(await quick.verify('caf\u00e9 finale', hash, HOME)).toBe(true);
  });

  it('needs the pepper, and finds by its version the one that was current', async () => {
    const hash = await quick.hash('correct horse', HOME);
    const both = new BcryptPasswordHasher(new PasswordPeppers([FIRST!, SECOND!], 2), 4);
    const without = new BcryptPasswordHasher(new PasswordPeppers([SECOND!]), 4);
    expect(await both.verify('correct horse', hash, HOME)).toBe(true);
    expect(await without.verify('correct horse', hash, HOME)).toBe(false);
    const asOfAnother = { ...hash, pepperVersion: 2 };
    expect(await both.verify('correct horse', asOfAnother, HOME)).toBe(false);
    expect([quick, both, without].map((hasher) => hasher.isOutdated(hash))).toEqual([false, true, true]);
    expect(quick.isOutdated({ ...hash, pepperVersion: 2 })).toBe(false);
  });

  it('gives bcrypt nothing of the password, and nothing that a hash of it alone would tell', async () => {
    const { text } = await quick.hash('correct horse', HOME);
    expect(await bcrypt.compare('correct horse', text)).toBe(false);
    for (const encoding of ['hex', 'base64'] as const) {
      const digest = createHash('sha256').update('correct horse').digest(encoding);
      expect(await bcrypt.compare(digest, text)).toBe(false);
    }
    expect(PEPPERS.apply('correct horse', 1)).not.toBe(
      createHmac('sha256', FIRST!.key).update('correct horse').digest('base64'),
    );
  });

  it('verifies the hashes of before there was a pepper, and knows that they are outdated', async () => {
    const hash = await hashOfBefore('correct horse');
    expect(await quick.verify('correct horse', hash, HOME)).toBe(true);
    expect(await quick.verify('wrong horse', hash, HOME)).toBe(false);
    expect(quick.isOutdated(hash)).toBe(true);
    // What bcrypt alone would cut off was never taken, and still is not.
    for (const [kept, given] of [
      ['ü'.repeat(36), 'ü'.repeat(36) + 'x'],
      ['correct', 'correct\0horse'],
    ] as const) {
      expect(await quick.verify(given, await hashOfBefore(kept), HOME)).toBe(false);
    }
  });

  it('leaves the event loop free while it works', async () => {
    const done = new AbortController();
    const hashing = new BcryptPasswordHasher(PEPPERS, 11).hash('correct horse', HOME).finally(() => {
      done.abort();
    });
    let turns = 0;
    for (; !done.signal.aborted; turns += 1) await setImmediate();
    await hashing;
    expect(turns).toBeGreaterThan(20);
  });

  it('turns callers away once too many are waiting, and takes them again when those are done', async () => {
    const hasher = new BcryptPasswordHasher(PEPPERS, 6);
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
    expect(new BcryptPasswordHasher(PEPPERS, 5).isOutdated(hash)).toBe(true);
  });
});
