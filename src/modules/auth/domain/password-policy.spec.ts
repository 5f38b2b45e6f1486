import { describe, expect, it } from '@jest/globals';
import { assertPasswordIsNotWeak, hasPasswordLength, isHashablePassword } from './password-policy.js';

const EMAIL = 'ann.lee@example.org';

describe('A password', () => {
  it('has 8 to 72 bytes in UTF-8, however many characters that is', () => {
    expect(hasPasswordLength('a'.repeat(7))).toBe(false);
    expect(hasPasswordLength('a'.repeat(8))).toBe(true);
    expect(hasPasswordLength('ä'.repeat(4))).toBe(true);
    expect(hasPasswordLength('a'.repeat(72))).toBe(true);
    expect(hasPasswordLength('ä'.repeat(36))).toBe(true);
    expect(hasPasswordLength('a'.repeat(73))).toBe(false);
    expect(hasPasswordLength(`${'ä'.repeat(36)}a`)).toBe(false);
  });

  it('is hashed only when bcrypt sees all of it', () => {
    expect(isHashablePassword('a'.repeat(72))).toBe(true);
    expect(isHashablePassword('a'.repeat(73))).toBe(false);
    expect(isHashablePassword('abcdefgh\0ijkl')).toBe(false);
    expect(hasPasswordLength('abcdefgh\0ijkl')).toBe(false);
  });

  it.each([
    ['a common one', 'password'],
    ['a common one in another case', 'PassWord'],
    ['the first of the list', '!@#$%^&*'],
    ['the last of the list', 'zxczxczxc'],
    ['the email', EMAIL],
    ['what stands before the @', 'ann.lee'],
    ['the email in another case', 'ANN.LEE@example.org'],
    ['one character over and over', 'zzzzzzzzzzzzz'],
    ['one letter in two cases', 'zZzZzZzZ'],
  ])('is refused as weak when it is %s', (_, password) => {
    expect(() => {
      assertPasswordIsNotWeak(password, EMAIL);
    }).toThrow(
      expect.objectContaining({
        code: 'weak_password',
        details: { errors: [{ field: 'password', message: expect.stringMatching(/guessed/) }] },
      }),
    );
  });

  it.each([
    ['unlike all of these', 'tram-ketchup-19'],
    ['what stands after the @', 'example.org'],
    ['the email and more', `${EMAIL}!`],
    ['two characters over and over', 'zyzyzyzyzyzy'],
    ['empty, which its length forbids', ''],
  ])('is not weak when it is %s', (_, password) => {
    expect(() => {
      assertPasswordIsNotWeak(password, EMAIL);
    }).not.toThrow();
  });
});
