import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import type { Actor } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { Freshness } from '../../freshness/index.js';
import { OneTimeTokenRepository } from '../domain/one-time-token.repository.js';
import { OneTimeTokenSecret } from '../domain/one-time-token-secret.js';
import { OneTimeToken } from '../domain/one-time-token.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';
import { normalizeEmail, type User } from '../domain/user.js';
import { UserRepository } from '../domain/user.repository.js';

/** What an operator does about accounts. No route leads here. */
@Injectable()
export class AccountAdministration {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UserRepository,
    private readonly families: RefreshTokenFamilyRepository,
    private readonly tokens: OneTimeTokenRepository,
    private readonly freshness: Freshness,
    private readonly clock: Clock,
  ) {}

  /** The token of a new invitation; one that the email had before is good no more. Throws `email_taken`. */
  async invite(actor: Actor, email: string): Promise<OneTimeTokenSecret> {
    const normalizedEmail = normalizeEmail(email);
    if ((await this.users.findByEmail(normalizedEmail)) !== undefined) {
      throw new DomainError('email_taken', 'There is an account of this email: give it a new password.');
    }
    const secret = OneTimeTokenSecret.generate();
    const invitation = OneTimeToken.invite(uuidv7(), secret.hash(), normalizedEmail, this.clock.now());
    await this.unitOfWork.run(actor, (tx) => this.tokens.add(invitation, tx));
    return secret;
  }

  /** A token by which a new password can be set. Nothing changes until then. Throws `user_not_found`. */
  async issueReset(actor: Actor, email: string): Promise<OneTimeTokenSecret> {
    const user = await this.userOf(email);
    const secret = OneTimeTokenSecret.generate();
    const token = OneTimeToken.issue('password_reset', uuidv7(), secret.hash(), user, this.clock.now());
    await this.unitOfWork.run(actor, (tx) => this.tokens.add(token, tx));
    return secret;
  }

  /**
   * Shuts somebody out: when it resolves, their sessions have ended on every node. What they have issued goes on
   * working. Throws `user_not_found`.
   */
  async disable(actor: Actor, email: string): Promise<void> {
    const { id } = await this.userOf(email);
    const { change } = await this.unitOfWork.run(actor, async (tx) => {
      const user = (await this.users.lock(id, tx)) ?? notFound();
      user.disable(this.clock.now());
      await this.users.update(user, tx);
      await this.tokens.spendAllOf(id, 'password_reset', tx);
      await this.families.endOf(id, { except: null }, tx);
    });
    await this.freshness.waitForPropagation(change);
  }

  /** Lets them log in again. Throws `user_not_found`. */
  async enable(actor: Actor, email: string): Promise<void> {
    const { id } = await this.userOf(email);
    await this.unitOfWork.run(actor, async (tx) => {
      const user = (await this.users.lock(id, tx)) ?? notFound();
      user.enable();
      await this.users.update(user, tx);
    });
  }

  private async userOf(email: string): Promise<User> {
    return (await this.users.findByEmail(normalizeEmail(email))) ?? notFound();
  }
}

function notFound(): never {
  throw new DomainError('user_not_found', 'Nobody of this email is registered here: invite them.');
}
