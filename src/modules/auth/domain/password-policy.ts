/**
 * In characters of any script, which are code points here: NIST SP 800-63B-4, section 3.1.1.2, asks for no more of a
 * password than that it is long enough, and not one of those that are expected.
 */
export const MIN_PASSWORD_CHARACTERS = 8;
export const MAX_PASSWORD_CHARACTERS = 256;

/**
 * Whether it has the right length, and is text: no half of a character is, and no keyboard types a NUL. What has to be
 * accepted is whatever prints, and the space.
 */
export function isPossiblePassword(password: string): boolean {
  // A character has one or two code units: nothing that is longer need be counted.
  if (password.length > 2 * MAX_PASSWORD_CHARACTERS || /\0|\p{Surrogate}/u.test(password)) return false;
  const { length } = Array.from(password);
  return length >= MIN_PASSWORD_CHARACTERS && length <= MAX_PASSWORD_CHARACTERS;
}

/** What a password must not be made of: what everybody knows of its owner, and of what it is for. */
export function wordsAbout({ email, name }: { email: string; name: string | null }): string[] {
  const [localPart = ''] = email.split('@');
  const texts = [email, localPart, name ?? ''].map((text) => text.trim().toLowerCase());
  const words = texts.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]);
  return [...new Set([...words, 'upblit'])].filter((word) => word.length > 2);
}
