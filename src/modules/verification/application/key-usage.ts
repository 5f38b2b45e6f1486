/** When keys were last used. */
export abstract class KeyUsage {
  /** Takes note; never waits, and never fails. `at` is in milliseconds since the epoch. */
  abstract note(keyId: string, at: number): void;
}
