/** Tells the passwords that are guessed first from the others. */
export abstract class PasswordStrength {
  /** @param words what its owner is known by, in lower case */
  abstract isGuessable(password: string, words: readonly string[]): Promise<boolean>;
}
