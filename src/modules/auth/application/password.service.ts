import { Injectable } from '@nestjs/common';
import { personActor, type Actor, type Origin } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import { OptimisticLockError, UnitOfWork, unlessStale } from '../../../shared/unit-of-work.js';
import { Freshness } from '../../freshness/index.js';
import { AttemptLimiter } from '../domain/attempt-limiter.js';
import { OneTimeTokenRepository } from '../domain/one-time-token.repository.js';
import { OneTimeTokenSecret } from '../domain/one-time-token-secret.js';
import { invalidOneTimeToken } from '../domain/one-time-token.js';
import { PasswordHasher } from '../domain/password-hasher.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';
import { UserRepository } from '../domain/user.repository.js';
import type { User } from '../domain/user.js';
import { NewPasswords } from './new-passwords.js';

interface GivenPasswords {
  currentPassword: string;
  newPassword: string;
}

/** New passwords for people who have an account. */
@Injectable()
export class PasswordService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UserRepository,
    private readonly families: RefreshTokenFamilyRepository,
    private readonly tokens: OneTimeTokenRepository,
    private readonly passwords: PasswordHasher,
    private readonly newPasswords: NewPasswords,
    private readonly limiter: AttemptLimiter,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
  ) {}

  /**
   * For somebody who knows the one they have. Their other sessions have ended on every node when it resolves. Throws
   * `user_not_found` for people of another issuer, `wrong_password`, `weak_password`, `too_many_requests`, and
   * `invalid_token` when their own session has ended.
   *
   * @param sessionId the session that goes on; null for a token that names none, and then none goes on
   */
  change(actor: Actor, sessionId: string | null, given: GivenPasswords, origin: Origin): Promise<void> {
    return this.freshness.waitBeforeRefusing('wrong_password', this.replace(actor, sessionId, given, origin));
  }

  /**
   * For somebody who has a token for it. All their sessions have ended on every node when it resolves. Throws
   * `invalid_one_time_token` and `weak_password`, which leaves the token good.
   */
  async reset(given: { token: string; password: string }, origin: Origin): Promise<void> {
    const shown = OneTimeTokenSecret.parse(given.token)?.hash();
    if (shown === undefined) throw invalidOneTimeToken();
    return this.freshness.waitBeforeRefusing(
      'invalid_one_time_token',
      this.resetBy(shown, given.password, origin),
    );
  }

  private async replace(
    actor: Actor,
    sessionId: string | null,
    given: GivenPasswords,
    origin: Origin,
  ): Promise<void> {
    if (actor.issuer !== LOCAL_ISSUER) {
      throw new DomainError(
        'user_not_found',
        'Change the password where you log in: this service keeps none.',
      );
    }
    const user = (await this.users.find(actor.subject)) ?? gone();
    const { address } = origin;
    // Whoever has got hold of an access token may guess as often as whoever logs in.
    this.limiter.countAttempt('login', user.normalizedEmail, address);
    const party = this.limiter.partyOf(user.normalizedEmail, address);
    if (!(await this.passwords.verify(given.currentPassword, user.password, party))) throw wrongPassword();
    this.limiter.forgive('login', user.normalizedEmail, address);
    const hash = await this.newPasswords.hash(given.newPassword, user, party, 'newPassword');
    const changed = await unlessStale(
      this.unitOfWork.run(actor, async (tx) => {
        const current = (await this.users.lock(user.id, tx)) ?? gone();
        // It is another since it was compared: changed, or hashed anew.
        if (current.passwordHash !== user.passwordHash) throw new OptimisticLockError();
        const sessions = await this.families.lockAllOf(user.id, tx);
        if (sessionId !== null && !sessions.includes(sessionId)) gone();
        current.changePassword(hash);
        await this.write(current, sessionId, tx);
      }),
    );
    if (changed === null) return this.replace(actor, sessionId, given, origin);
    await this.freshness.waitForPropagation(changed.change);
  }

  private async resetBy(shown: Buffer, password: string, origin: Origin): Promise<void> {
    const token = await this.tokens.find(shown, 'password_reset');
    if (token === undefined || token.userId === null || token.hasExpired(this.clock.now())) {
      throw invalidOneTimeToken();
    }
    const user = await this.users.find(token.userId);
    if (user === undefined) throw invalidOneTimeToken();
    const party = this.limiter.partyOf(user.normalizedEmail, origin.address);
    const hash = await this.newPasswords.hash(password, user, party);
    const actor = personActor({ issuer: LOCAL_ISSUER, subject: user.id }, origin);
    const { change } = await this.unitOfWork.run(actor, async (tx) => {
      const current = await this.users.lock(user.id, tx);
      if (current === undefined) throw invalidOneTimeToken();
      await this.tokens.spend(token, tx);
      current.resetPassword(hash);
      await this.write(current, null, tx);
    });
    await this.freshness.waitForPropagation(change);
  }

  /** What could set another password, and who came in by the old one, is good no more. */
  private async write(user: User, sessionId: string | null, tx: Transaction): Promise<void> {
    await this.users.update(user, tx);
    await this.tokens.spendAllOf(user.id, 'password_reset', tx);
    await this.families.endOf(user.id, { except: sessionId }, tx);
  }
}

function wrongPassword(): DomainError {
  return new DomainError('wrong_password', 'Send the password that you have now as currentPassword.', {
    errors: [{ field: 'currentPassword', message: 'is not the password of this account' }],
  });
}

function gone(): never {
  throw new DomainError('invalid_token', 'Log in again: the session of this access token has ended.');
}
