import { beforeAll, describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { ZxcvbnPasswordStrength } from './zxcvbn-password-strength.js';

describe('The strength of a password', () => {
  let strength: ZxcvbnPasswordStrength;
  beforeAll(async () => {
    strength = await new ZxcvbnPasswordStrength().load();
  });

  it.each([
    'password',
    'PassWord123',
    'p@$$w0rd!',
    'drowssap1',
    'qwertyuiop',
    '1q2w3e4r5t',
    'zxcvbnm,./',
    '19841231',
    'abcdefghij',
    'zzzzzzzzzzzzzzzz',
    'Summer2026!',
    'ｐａｓｓｗｏｒｄ',
    '',
    'iloveyou'.repeat(32),
  ])('is too little of one that is guessed first: %s', async (password) => {
    expect(await strength.isGuessable(password, [])).toBe(true);
  });

  it.each([
    'tram-ketchup-19',
    'a long walk in the hills',
    'k8#fQz2p',
    'кот на крыше',
    'みどりのでんしゃ',
    `${'a'.repeat(100)}tram-ketchup-19`,
    'constructor-of-violet-trams',
  ])('is enough of one that is not: %s', async (password) => {
    expect(await strength.isGuessable(password, [])).toBe(false);
  });

  it('goes down when it is made of what its owner is known by', async () => {
    const words = ['zanzibarski@example.org', 'zanzibarski', 'example'];
    for (const password of ['zanzibarski7', 'Zanzibarski!', 'ZANZIBARSKI@example.org']) {
      expect([password, await strength.isGuessable(password, words)]).toEqual([password, true]);
    }
    expect(await strength.isGuessable('zanzibarski7', [])).toBe(false);
  });

  it.each(['4@(0$1!|7{3<6', '19841231201', 'password1love', 'p4$$w0rd!1loV3', 'a'])(
    'is found in parts of a bounded length, with a turn for others between any two: %s',
    async (pattern) => {
      const lengths: number[] = [];
      let turns = 0;
      const counting = new ZxcvbnPasswordStrength(() => ({
        check: (part: string) => {
          lengths.push(part.length);
          return { guesses: 0 } as never;
        },
      }));
      const judged = counting.isGuessable(pattern.repeat(256).slice(0, 256), []);
      const done = new AbortController();
      void judged.then(() => {
        done.abort();
      });
      for (; !done.signal.aborted; turns += 1) await setImmediate();
      expect(Math.max(...lengths)).toBeLessThanOrEqual(24);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(256);
      expect(turns).toBeGreaterThanOrEqual(lengths.length - 1);
    },
  );
});
