import { Injectable, Logger } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { personActor, systemActor, type Actor, type Origin } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { LOCAL_ISSUER, type Subject } from '../../../shared/subject.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { AttemptLimiter } from '../domain/attempt-limiter.js';
import { OneTimeTokenRepository } from '../domain/one-time-token.repository.js';
import { OneTimeTokenSecret } from '../domain/one-time-token-secret.js';
import { invalidOneTimeToken, OneTimeToken } from '../domain/one-time-token.js';
import { normalizeEmail, type User } from '../domain/user.js';
import { UserRepository } from '../domain/user.repository.js';
import { MailQueue } from './mail-queue.js';
import { MailLinks, Mailer } from './mailer.js';

/** New passwords and the verification of emails, by mail. */
@Injectable()
export class AccountMails {
  private readonly logger = new Logger(AccountMails.name);

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UserRepository,
    private readonly tokens: OneTimeTokenRepository,
    private readonly mailer: Mailer,
    private readonly links: MailLinks,
    private readonly queue: MailQueue,
    private readonly limiter: AttemptLimiter,
    private readonly clock: Clock,
  ) {}

  get isAvailable(): boolean {
    return this.mailer.isAvailable;
  }

  /**
   * Mails a token for a new password, if there is an account of this email. Whether there is one is looked up after the
   * call was answered. Throws `not_found` where no mails are sent, `too_many_requests` and `service_unavailable`.
   */
  requestReset(email: string, origin: Origin): void {
    this.assertAvailable();
    const normalizedEmail = normalizeEmail(email);
    this.limiter.countAttempt('mail', normalizedEmail, origin.address);
    this.queue.add(() => this.sendReset(normalizedEmail, origin));
  }

  /** Mails a token by which somebody shows that their email is theirs. Throws as `requestReset` does. */
  async requestVerification(person: Subject, origin: Origin): Promise<void> {
    this.assertAvailable();
    const user = person.issuer === LOCAL_ISSUER ? await this.users.find(person.subject) : undefined;
    if (user === undefined) {
      throw new DomainError('user_not_found', 'This service keeps no email of yours: you log in elsewhere.');
    }
    this.limiter.countAttempt('mail', user.normalizedEmail, origin.address);
    this.queue.add(() => this.sendVerification(user, origin));
  }

  /** The same for somebody who has just registered, who is let in whether or not it can be sent. */
  greet(user: User, origin: Origin): void {
    if (!this.isAvailable) return;
    try {
      this.queue.add(() => this.sendVerification(user, origin));
    } catch (error) {
      this.logger.warn(`The email of user ${user.id} is not verified: ${(error as Error).name}`);
    }
  }

  /**
   * Mails something to somebody who has shown that they read it; false when there is nobody to write to. Rejects when it
   * could not be sent: whoever asks tries again.
   */
  async notify(userId: string, mail: { subject: string; text: string }): Promise<boolean> {
    const user = this.isAvailable ? await this.users.find(userId) : undefined;
    if (user === undefined || user.isDisabled || !user.isEmailVerified) return false;
    await this.mailer.send({ to: user.email, ...mail });
    return true;
  }

  /** Throws `invalid_one_time_token`. */
  async verify(text: string, origin: Origin): Promise<void> {
    const shown = OneTimeTokenSecret.parse(text)?.hash();
    const token = shown && (await this.tokens.find(shown, 'email_verification'));
    if (token === undefined || token.userId === null || token.hasExpired(this.clock.now())) {
      throw invalidOneTimeToken();
    }
    const { userId } = token;
    await this.unitOfWork.run(personActor({ issuer: LOCAL_ISSUER, subject: userId }, origin), async (tx) => {
      const user = await this.users.lock(userId, tx);
      if (user === undefined) throw invalidOneTimeToken();
      await this.tokens.spend(token, tx);
      user.verifyEmail(this.clock.now());
      await this.users.update(user, tx);
    });
  }

  private async sendReset(normalizedEmail: string, origin: Origin): Promise<void> {
    const user = await this.users.findByEmail(normalizedEmail);
    if (user === undefined || user.isDisabled) return;
    const token = await this.issue('password_reset', user, origin);
    await this.mailer.send({
      to: user.email,
      subject: 'A new password',
      text: `Somebody, who may be you, has asked for a new password for your account.

To set one within 24 hours, use this once:

${this.links.to('reset', token)}

If it was not you, there is nothing to do: your password is as it was.
`,
    });
  }

  private async sendVerification(user: User, origin: Origin): Promise<void> {
    if (user.isEmailVerified) return;
    const token = await this.issue('email_verification', user, origin);
    await this.mailer.send({
      to: user.email,
      subject: 'Is this your email?',
      text: `Somebody, who may be you, has an account with this email.

To say that it is yours, use this once, within 24 hours:

${this.links.to('verify', token)}

If it is not you, there is nothing to do.
`,
    });
  }

  private async issue(
    purpose: 'password_reset' | 'email_verification',
    user: User,
    origin: Origin,
  ): Promise<string> {
    const secret = OneTimeTokenSecret.generate();
    const token = OneTimeToken.issue(purpose, uuidv7(), secret.hash(), user, this.clock.now());
    await this.unitOfWork.run(whoAsks(origin), (tx) => this.tokens.add(token, tx));
    return secret.reveal();
  }

  private assertAvailable(): void {
    if (!this.isAvailable) {
      throw new DomainError('not_found', 'This service sends no mails: ask its operator.');
    }
  }
}

/** Nobody knows who it is: anybody can ask in anybody's name. */
function whoAsks(origin: Origin): Actor {
  return { ...systemActor('mail'), ...origin };
}
