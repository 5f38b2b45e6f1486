import { hkdfSync } from 'node:crypto';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import type { Clock } from '../../../shared/clock.js';
import { Seal, type SealPurpose } from '../application/seal.js';

interface Pepper {
  version: number;
  key: Buffer;
}

/**
 * Seals with AES-256-GCM (RFC 7516, `dir`) under keys that are derived from the peppers, one for each purpose: every node
 * has them, and the database does not.
 */
export class JweSeal extends Seal {
  /** @param version of the pepper that is sealed with; those of the others are still opened */
  constructor(
    private readonly peppers: readonly Pepper[],
    private readonly clock: Clock,
    private readonly version = peppers[0]?.version,
  ) {
    super();
  }

  async close(purpose: SealPurpose, content: object, expiresAt: Date): Promise<string> {
    return new EncryptJWT({ content: { ...content } })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: String(this.version) })
      .setExpirationTime(expiresAt)
      .encrypt(this.keyOf(purpose, String(this.version)));
  }

  async open(purpose: SealPurpose, sealed: string): Promise<Record<string, unknown> | undefined> {
    try {
      const { payload } = await jwtDecrypt(sealed, ({ kid }) => this.keyOf(purpose, kid), {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['exp'],
        currentDate: this.clock.now(),
      });
      return payload.content as Record<string, unknown>;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  private keyOf(purpose: SealPurpose, kid: string | undefined): Uint8Array {
    const pepper = this.peppers.find(({ version }) => String(version) === kid);
    if (pepper === undefined) throw new errors.JWEInvalid('sealed under a pepper that is not known');
    // RFC 5869: the keys tell nothing of the pepper, nor of each other.
    return new Uint8Array(hkdfSync('sha256', pepper.key, '', `upblit cookie ${purpose}`, 32));
  }
}
