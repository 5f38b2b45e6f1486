import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { DomainError } from '../../../shared/domain-error.js';
import { openBytes, sealBytes } from '../../../shared/sealed-bytes.js';

const PREFIX = 'whsec_';
/** Standard Webhooks, "Signature scheme": between 24 and 64. */
const SECRET_BYTES = 32;

/** What deliveries are signed with. Nothing but `reveal` shows it. */
export class WebhookSecret {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  static generate(): WebhookSecret {
    return new WebhookSecret(randomBytes(SECRET_BYTES));
  }

  /** As receivers are given it: `whsec_` and base64. */
  reveal(): string {
    return PREFIX + this.#bytes.toString('base64');
  }

  bytes(): Buffer {
    return this.#bytes;
  }

  /**
   * The value of `webhook-signature` (Standard Webhooks, "Signature scheme"), for one secret.
   *
   * @param timestamp in seconds since 1970
   */
  sign(id: string, timestamp: number, body: string): string {
    return `v1,${createHmac('sha256', this.#bytes).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  }

  toString(): string {
    return `${PREFIX}…`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** A secret as it is kept. */
export interface SealedSecret {
  /** See `sealBytes`. */
  readonly sealed: Buffer;
  /** Of the pepper that it takes to open it. */
  readonly pepperVersion: number;
}

/**
 * Closes and opens the secrets of webhooks. They must be read again to sign with, so no hash will do: each is sealed
 * with AES-256-GCM under a key that HKDF makes of a pepper, which the database does not know:
 * docs/decisions/0021-webhooks.md.
 */
export class WebhookSecretSeal {
  private readonly peppers: ReadonlyMap<number, Buffer>;

  /** @param version of the pepper that closes. What was closed with another one opens, too. */
  constructor(
    peppers: readonly { version: number; key: Buffer }[],
    readonly version = peppers[0]?.version ?? 0,
  ) {
    this.peppers = new Map(peppers.map(({ version: of, key }) => [of, key]));
  }

  /** @param webhookId whose it is: it opens for no other */
  close(secret: WebhookSecret, webhookId: string): SealedSecret {
    const keyFor = (salt: Buffer): Buffer => this.keyFor(this.version, salt);
    const sealed = sealBytes(secret.bytes(), keyFor, Buffer.from(webhookId));
    return { sealed, pepperVersion: this.version };
  }

  /** Throws when it was not closed for this webhook or has been changed since, and `service_unavailable` without its pepper. */
  open({ sealed, pepperVersion }: SealedSecret, webhookId: string): WebhookSecret {
    const keyFor = (salt: Buffer): Buffer => this.keyFor(pepperVersion, salt);
    return new WebhookSecret(openBytes(sealed, keyFor, Buffer.from(webhookId)));
  }

  /** Closes anew what was closed under an older pepper; null when there is nothing to do. Throws what `open` throws. */
  renew(secret: SealedSecret, webhookId: string): SealedSecret | null {
    return secret.pepperVersion < this.version ? this.close(this.open(secret, webhookId), webhookId) : null;
  }

  private keyFor(version: number, salt: Buffer): Buffer {
    const pepper = this.peppers.get(version);
    if (pepper === undefined) {
      throw new DomainError('service_unavailable', 'This node has not got the pepper of the secret yet.', {
        retryAfter: 60,
      });
    }
    return Buffer.from(hkdfSync('sha256', pepper, salt, 'upblit webhook secret', 32));
  }
}
