import { describe, expect, it } from '@jest/globals';
import { isPossiblePassword, wordsAbout } from './password-policy.js';

describe('A password', () => {
  it.each(['a', 'ä', 'п', '山', '𝔞', '🙂'])(
    'has 8 to 256 characters of any script, such as %s, whatever each of them takes',
    (character) => {
      expect(isPossiblePassword(character.repeat(7))).toBe(false);
      expect(isPossiblePassword(character.repeat(8))).toBe(true);
      expect(isPossiblePassword(character.repeat(256))).toBe(true);
      expect(isPossiblePassword(character.repeat(257))).toBe(false);
    },
  );

  it('has no NUL in it, and may have any other character that is not seen', () => {
    expect(isPossiblePassword('violet\0violet')).toBe(false);
    expect(isPossiblePassword('violet\tviolet\u200b\u0001')).toBe(true);
  });

  it.each(['violet violet \ud800', '\udc00 violet violet', 'violet \udc00\ud800 violet'])(
    'has no half of a character in it: %j',
    (password) => {
      expect(isPossiblePassword(password)).toBe(false);
    },
  );

  it('is told from what is known of its owner', () => {
    expect(wordsAbout({ email: 'Ann.van-Lee@example.org', name: 'Ann Söder' }).sort()).toEqual(
      [
        'ann.van-lee@example.org',
        'ann.van-lee',
        'ann söder',
        'ann',
        'van',
        'lee',
        'example',
        'org',
        'söder',
        'upblit',
      ].sort(),
    );
    expect(wordsAbout({ email: 'ann@example.org', name: null })).toContain('ann');
  });
});
