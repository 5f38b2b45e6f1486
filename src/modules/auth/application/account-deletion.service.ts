import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { LOCAL_ISSUER } from '../../../shared/subject.js';
import { OptimisticLockError, UnitOfWork, unlessStale } from '../../../shared/unit-of-work.js';
import { Freshness } from '../../freshness/index.js';
import { AttemptLimiter } from '../domain/attempt-limiter.js';
import { PasswordHasher } from '../domain/password-hasher.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';
import { UserRepository } from '../domain/user.repository.js';
import type { User } from '../domain/user.js';
import { AccountDeletionHooks } from './account-deletion-hooks.js';

/** Lets people delete their accounts, with all that is kept of them but what they have done. */
@Injectable()
export class AccountDeletionService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UserRepository,
    private readonly families: RefreshTokenFamilyRepository,
    private readonly hooks: AccountDeletionHooks,
    private readonly passwords: PasswordHasher,
    private readonly limiter: AttemptLimiter,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
  ) {}

  /**
   * When it resolves, no node accepts a token of the account any more. Throws `user_not_found` for people of another
   * issuer, `wrong_password`, `too_many_requests`, `invalid_token` when the session has ended, and what the hooks throw.
   *
   * @param sessionId the actor's; null for a token that names none
   */
  delete(actor: Actor, sessionId: string | null, password: string, address: string): Promise<void> {
    return this.freshness.waitBeforeRefusing(
      'user_not_found',
      this.deleteOne(actor, sessionId, password, address),
    );
  }

  private async deleteOne(
    actor: Actor,
    sessionId: string | null,
    password: string,
    address: string,
  ): Promise<void> {
    const user = actor.issuer === LOCAL_ISSUER ? await this.users.find(actor.subject) : undefined;
    if (user === undefined) {
      throw new DomainError(
        'user_not_found',
        'There is no account of yours here: people of another issuer delete theirs there.',
      );
    }
    await this.confirm(user, password, address);
    const deleted = await unlessStale(
      this.unitOfWork.run(actor, async (tx) => {
        // First: logins, changes of the password and what would make them an owner wait for it, and it for them.
        const current = await this.users.lockForDeletion(user.id, tx);
        // It is another since it was compared: changed, or hashed anew; or the account is gone.
        if (current?.passwordHash !== user.passwordHash) throw new OptimisticLockError();
        await this.hooks.onAccountDeleted(actor, this.clock.now(), tx);
        const sessions = await this.families.lockAllOf(user.id, tx);
        if (sessionId !== null && !sessions.includes(sessionId)) {
          throw new DomainError('invalid_token', 'Log in again: the session of this access token has ended.');
        }
        await this.families.endOf(user.id, { except: null }, tx);
        current.delete();
        await this.users.delete(current, tx);
      }),
    );
    if (deleted === null) return this.deleteOne(actor, sessionId, password, address);
    await this.freshness.waitForPropagation(deleted.change);
  }

  /** Whoever has got hold of an access token may guess as often as whoever logs in. */
  private async confirm(user: User, password: string, address: string): Promise<void> {
    this.limiter.countAttempt('login', user.normalizedEmail, address);
    const party = this.limiter.partyOf(user.normalizedEmail, address);
    if (!(await this.passwords.verify(password, user.password, party))) {
      throw new DomainError('wrong_password', 'Confirm the deletion with the password of your account.');
    }
    this.limiter.forgive('login', user.normalizedEmail, address);
  }
}
