import type { KeyFormat } from './key-format.js';
import { PlaintextKey } from './plaintext-key.js';

/** Visible ASCII, as header fields can carry it, and long enough to be no word. */
const FORM = /^[\x21-\x7E]{16,255}$/;

/**
 * Reads a key that may have been made elsewhere and imported; null for what cannot be one. Of its form nothing is
 * known, so it takes a look-up to tell.
 */
export function parseImportedKey(text: string, format: KeyFormat): PlaintextKey | null {
  return FORM.test(text) && !format.isOurs(text) ? new PlaintextKey(text, true) : null;
}

/** What people recognise an imported key by: all that is known of its plaintext. */
export function importedHint(prefix: string): string {
  return `${prefix}…`;
}
