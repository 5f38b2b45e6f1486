import { verify, type KeyObject } from 'node:crypto';
import { DomainError } from '../../../shared/domain-error.js';

/** The public keys by which GitHub signs. */
export interface GithubKeys {
  /** Undefined for one that there is not. Throws `service_unavailable` when that cannot be known. */
  find(id: string): Promise<KeyObject | undefined>;
}

const KEY_ID = /^[\w-]{1,128}$/;
/** A DER signature of P-256 has at most 72 bytes. */
const SIGNATURE = /^[A-Za-z0-9+/]{8,96}={0,2}$/;

/**
 * Tells whether a message comes from GitHub's secret scanning: ECDSA over P-256 with SHA-256, in DER and base64, of the
 * body as it came.
 */
export class GithubSignatures {
  constructor(private readonly keys: GithubKeys) {}

  /** Throws `invalid_signature`, and `service_unavailable` while the keys cannot be read. */
  async assertSigned(body: Buffer, keyIds: readonly string[], signatures: readonly string[]): Promise<void> {
    const [keyId = '', ...otherIds] = keyIds;
    const [signature = '', ...others] = signatures;
    const isForm = KEY_ID.test(keyId) && SIGNATURE.test(signature) && otherIds.length + others.length === 0;
    const key = isForm ? await this.keys.find(keyId) : undefined;
    if (key !== undefined && verify('sha256', body, key, Buffer.from(signature, 'base64'))) return;
    throw new DomainError(
      'invalid_signature',
      'Send the body as GitHub has signed it, with one Github-Public-Key-Identifier and one Github-Public-Key-Signature.',
    );
  }
}
