import bcrypt from 'bcrypt';
import { Semaphore } from '../../../shared/concurrency/semaphore.js';
import { PasswordHasher } from '../domain/password-hasher.js';
import { isHashablePassword } from '../domain/password-policy.js';

/** Of libuv's four threads; the others stay free for files, names and the rest. */
const CONCURRENCY = 2;

/** About ten seconds' worth at cost 12. Who would wait longer is better told at once. */
const MAX_WAITING = 80;

/** bcrypt on libuv's threads, a bounded number at a time, so that a flood of logins stops nothing else. */
export class BcryptPasswordHasher extends PasswordHasher {
  /** Matches no password, and takes as long as one that could. */
  private readonly dummyHash: string;
  private readonly semaphore = new Semaphore(
    { running: CONCURRENCY, waiting: MAX_WAITING },
    { detail: 'Too many people are logging in: try again in a moment.', retryAfter: 5 },
  );

  /** @param cost log2 of the number of rounds */
  constructor(private readonly cost: number) {
    super();
    this.dummyHash = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;
  }

  hash(password: string): Promise<string> {
    // bcrypt would cut it off without a word.
    if (!isHashablePassword(password)) return Promise.reject(new RangeError('The password is too long'));
    return this.semaphore.run(() => bcrypt.hash(password, this.cost));
  }

  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const known = hash !== undefined && isHashablePassword(password);
    const matches = await this.semaphore.run(() => bcrypt.compare(password, known ? hash : this.dummyHash));
    return known && matches;
  }

  isOutdated(hash: string): boolean {
    return bcrypt.getRounds(hash) !== this.cost;
  }
}
