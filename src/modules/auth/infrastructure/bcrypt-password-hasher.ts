import bcrypt from 'bcrypt';
import { FairSemaphore, type Party } from '../../../shared/concurrency/fair-semaphore.js';
import { PasswordHasher } from '../domain/password-hasher.js';
import { isHashablePassword } from '../domain/password-policy.js';

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
    private readonly cost: number,
    dearest = cost,
  ) {
    super();
    this.dearest = Math.max(cost, dearest);
  }

  hash(password: string, from: Party): Promise<string> {
    // bcrypt would cut it off without a word.
    if (!isHashablePassword(password)) return Promise.reject(new RangeError('The password is too long'));
    return this.semaphore.run(from, () => bcrypt.hash(password, this.cost));
  }

  async verify(password: string, hash: string | undefined, from: Party): Promise<boolean> {
    return this.semaphore.run(from, () => {
      if (hash !== undefined && isHashablePassword(password)) return this.verifyKnown(password, hash);
      return this.compare(password, dummyHash(this.dearest)).then(() => false);
    });
  }

  private async verifyKnown(password: string, hash: string): Promise<boolean> {
    const cost = bcrypt.getRounds(hash);
    this.dearest = Math.max(this.dearest, cost);
    const matches = await this.compare(password, hash);
    // Each step doubles the work: together with the hash itself they come to one of the dearest.
    for (let step = cost; step < this.dearest; step += 1) await this.compare(password, dummyHash(step));
    return matches;
  }

  /** Does work of 2 to the power of the hash's cost. */
  protected compare(password: string, hash: string): Promise<boolean> {
    return bcrypt.compare(password, hash);
  }

  isOutdated(hash: string): boolean {
    return bcrypt.getRounds(hash) !== this.cost;
  }
}

/** Matches no password, and takes as long as one that could. */
function dummyHash(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;
}
