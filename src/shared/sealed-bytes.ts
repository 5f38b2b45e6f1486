import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** NIST SP 800-38D, with the nonce and the tag of their usual lengths. */
const CIPHER = 'aes-256-gcm';
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Makes the key, of 32 bytes, with the salt of one seal. */
export type KeyFor = (salt: Buffer) => Buffer;

/**
 * Encrypts and authenticates, and returns salt, nonce, ciphertext and tag, in this order.
 *
 * @param context what it belongs to: it opens in no other
 */
export function sealBytes(plaintext: Buffer, keyFor: KeyFor, context: Buffer): Buffer {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyFor(salt), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(context);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([salt, nonce, ciphertext, cipher.getAuthTag()]);
}

/** Throws when it was not sealed with this key in this context, or has been changed since. */
export function openBytes(sealed: Buffer, keyFor: KeyFor, context: Buffer): Buffer {
  const salt = sealed.subarray(0, SALT_BYTES);
  const nonce = sealed.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
  const ciphertext = sealed.subarray(SALT_BYTES + NONCE_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, keyFor(salt), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(context).setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}
