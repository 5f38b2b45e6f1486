import bcrypt from 'bcrypt';
import { FairSemaphore, type Party } from '../../../shared/concurrency/fair-semaphore.js';
import { PasswordHasher, type PasswordHash } from '../domain/password-hasher.js';
import type { PasswordPeppers } from './password-peppers.js';

/** Of libuv's four threads; the others stay free for files, names and the rest. */
const CONCURRENCY = 2;

/** About ten seconds' worth at cost 12. Who would wait longer is better told at once. */
const MAX_WAITING = 80;

/** bcrypt on libuv's threads, a bounded number at a time, so that a flood of logins stops nothing else. */
export class BcryptPasswordHasher extends PasswordHasher {
  private readonly semaphore = new FairSemaphore(
    { running: CONCURRENCY, waiting: MAX_WAITING },
    { detail: 'Too many people are logging in: try again in a moment.', retryAfter: 5 },
  );

  /**
   * What every verification costs: as much as the dearest hash there is, or who has an older hash than others would be
   * told by the time from who has no account.
   */
  private dearest: number;

  /**
   * @param cost log2 of the number of rounds
   * @param dearest the highest cost of the hashes that are kept, as far as it is known
   */
  constructor(
    private readonly peppers: PasswordPeppers,
    private readonly cost: number,
    dearest = cost,
  ) {
    super();
    this.dearest = Math.max(cost, dearest);
  }

  async hash(password: string, from: Party): Promise<PasswordHash> {
    const pepperVersion = this.peppers.currentVersion;
    const peppered = this.peppers.apply(password, pepperVersion) ?? '';
    return { text: await this.semaphore.run(from, () => bcrypt.hash(peppered, this.cost)), pepperVersion };
  }

  async verify(password: string, hash: PasswordHash | undefined, from: Party): Promise<boolean> {
    const given = hash && this.asHashed(password, hash.pepperVersion);
    return this.semaphore.run(from, () => {
      if (hash !== undefined && given !== undefined) return this.verifyKnown(given, hash.text);
      return this.compare(password, dummyHash(this.dearest)).then(() => false);
    });
  }

  /** What bcrypt was given of a password that has such a hash; undefined when no password can have it now. */
  private asHashed(password: string, pepperVersion: number | null): string | undefined {
    if (pepperVersion !== null) return this.peppers.apply(password, pepperVersion);
    return isSeenWhole(password) ? password : undefined;
  }

  private async verifyKnown(given: string, hash: string): Promise<boolean> {
    const cost = bcrypt.getRounds(hash);
    this.dearest = Math.max(this.dearest, cost);
    const matches = await this.compare(given, hash);
    // Each step doubles the work: together with the hash itself they come to one of the dearest.
    for (let step = cost; step < this.dearest; step += 1) await this.compare(given, dummyHash(step));
    return matches;
  }

  /** Does work of 2 to the power of the hash's cost. */
  protected compare(password: string, hash: string): Promise<boolean> {
    return bcrypt.compare(password, hash);
  }

  isOutdated({ text, pepperVersion }: PasswordHash): boolean {
    const { currentVersion } = this.peppers;
    // Never to a lower version, or two nodes that differ would move it to and fro.
    if (pepperVersion !== currentVersion) return pepperVersion === null || pepperVersion < currentVersion;
    return bcrypt.getRounds(text) !== this.cost;
  }
}

/** Whether bcrypt itself looks at all of a password: 72 bytes at most, and none after a NUL. */
function isSeenWhole(password: string): boolean {
  return Buffer.byteLength(password) <= 72 && !password.includes('\0');
}

/** Matches no password, and takes as long as one that could. */
function dummyHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;
}
