import { createHmac, hkdfSync, scrypt } from 'node:crypto';
import { DomainError } from '../../../shared/domain-error.js';
import { FairSemaphore } from '../../../shared/concurrency/fair-semaphore.js';
import { openBytes, sealBytes } from '../../../shared/sealed-bytes.js';
import { scopeOf, type IdempotentRequest } from './idempotent-request.js';

/** A secret of the service that the database does not know. */
interface Pepper {
  version: number;
  key: Buffer;
}

/**
 * scrypt's cost for one call (RFC 7914): 16 MiB and some 40 ms of a core. For a random key it would not be needed;
 * it is what guessing a poor one costs whoever has both the database and the peppers.
 */
const SCRYPT = { N: 2 ** 14, r: 8, p: 1 };

/** One of libuv's four threads: bcrypt has two, and one stays free. */
const RUNNING = 1;
/** Some four seconds' worth. Who would wait longer is better told at once. */
const WAITING = 100;

/** What is kept of an answer. */
export interface SealedAnswer {
  /** What it is found by: 32 bytes, made of the caller, the route and the key; nothing leads back. */
  id: Buffer;
  /** See `sealBytes`. */
  sealed: Buffer;
  /** Of the pepper that it takes to open it. */
  pepperVersion: number;
}

/**
 * Closes and opens what one call was answered. It takes the client's `Idempotency-Key` and a pepper: nothing that
 * the service keeps, in the database or outside, is enough.
 */
export class AnswerSeal {
  /** The same whatever the pepper: two nodes, of which one has a newer one already, must find each other's. */
  readonly id: Buffer;

  /** @param stretched the key, made slow to guess */
  constructor(
    private readonly stretched: Buffer,
    private readonly scope: string,
    private readonly peppers: ReadonlyMap<number, Buffer>,
    private readonly version: number,
  ) {
    this.id = createHmac('sha256', stretched).update('upblit idempotency id').digest();
  }

  /** With the pepper that new answers use. */
  close(answer: string): SealedAnswer {
    const pepperVersion = this.version;
    const keyFor = (salt: Buffer): Buffer => this.keyFor(pepperVersion, salt);
    return { id: this.id, sealed: sealBytes(Buffer.from(answer, 'utf8'), keyFor, this.id), pepperVersion };
  }

  /** Throws when it was not closed by this seal, or has been changed since; `service_unavailable` without its pepper. */
  open({ sealed, pepperVersion }: SealedAnswer): string {
    return openBytes(sealed, (salt) => this.keyFor(pepperVersion, salt), this.id).toString();
  }

  private keyFor(pepperVersion: number, salt: Buffer): Buffer {
    const pepper = this.peppers.get(pepperVersion);
    if (pepper === undefined) {
      throw new DomainError(
        'service_unavailable',
        'The first call was answered by a node that has a newer pepper: try again when this one has it.',
        { retryAfter: 60 },
      );
    }
    const secret = createHmac('sha256', pepper)
      .update('upblit idempotency answer\0')
      .update(this.stretched)
      .digest();
    return Buffer.from(hkdfSync('sha256', secret, salt, this.scope, 32));
  }
}

/** Makes the seals of calls: docs/decisions/0007-idempotent-answers.md. */
export class AnswerSeals {
  private readonly peppers: ReadonlyMap<number, Buffer>;
  private readonly semaphore = new FairSemaphore(
    { running: RUNNING, waiting: WAITING },
    { detail: 'Too many calls with an Idempotency-Key at once: try again in a moment.', retryAfter: 1 },
  );

  /** @param version Of the pepper that closes. What was closed with another one opens, too. */
  constructor(
    peppers: readonly Pepper[],
    private readonly version = peppers[0]?.version ?? 0,
  ) {
    this.peppers = new Map(peppers.map(({ version, key }) => [version, key]));
  }

  /** Throws `service_unavailable` when too many ask at once. */
  async of(call: IdempotentRequest): Promise<AnswerSeal> {
    const scope = scopeOf(call);
    const stretched = await this.semaphore.run(partyOf(call), () => stretch(call.key.reveal(), scope));
    return new AnswerSeal(stretched, scope, this.peppers, this.version);
  }
}

/** Whoever calls waits for one call of each other person, not for all of somebody's. */
function partyOf({ by }: IdempotentRequest): { name: string } {
  return { name: JSON.stringify([by.issuer, by.subject]) };
}

/** The salt is the same each time, or nothing could be found again; it differs by person and route. */
function stretch(key: string, scope: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(key, scope, 32, SCRYPT, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}
