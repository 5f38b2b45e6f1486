import { AccountAdministration } from '../../src/modules/auth/application/account-administration.service.js';
import { AccountDeletionHooks } from '../../src/modules/auth/application/account-deletion-hooks.js';
import { AccountDeletionService } from '../../src/modules/auth/application/account-deletion.service.js';
import { AccountMails } from '../../src/modules/auth/application/account-mails.service.js';
import { AuthService } from '../../src/modules/auth/application/auth.service.js';
import { Invitations, RegistrationPolicy } from '../../src/modules/auth/application/invitations.js';
import { MailQueue } from '../../src/modules/auth/application/mail-queue.js';
import { MailLinks, Mailer, type Mail } from '../../src/modules/auth/application/mailer.js';
import { NewPasswords } from '../../src/modules/auth/application/new-passwords.js';
import { PasswordService } from '../../src/modules/auth/application/password.service.js';
import { SessionService } from '../../src/modules/auth/application/session.service.js';
import type { AccessTokenIssuer } from '../../src/modules/auth/domain/access-token-issuer.js';
import type { RefreshTokenFamily } from '../../src/modules/auth/domain/refresh-token-family.js';
import { MemoryAttemptLimiter } from '../../src/modules/auth/infrastructure/memory-attempt-limiter.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryFreshness, MemoryUnitOfWork } from '../support/memory-unit-of-work.js';
import {
  MemoryFamilies,
  MemoryOneTimeTokens,
  MemoryUsers,
  PlainPasswords,
  StrengthByWords,
} from './memory.js';

/** Attempts that one account, and mails that one email, is allowed. */
export const ATTEMPTS = 3;

/** A mailer that keeps what it is given. */
class MailBox extends Mailer {
  isAvailable = true;
  readonly mails: Mail[] = [];

  send(mail: Mail): Promise<void> {
    this.mails.push(mail);
    return Promise.resolve();
  }
}

/** The services of accounts, on repositories in memory. */
export class MemoryAuth {
  readonly clock = new FakeClock();
  readonly unitOfWork = new MemoryUnitOfWork();
  readonly freshness = new MemoryFreshness();
  readonly users = new MemoryUsers(this.unitOfWork);
  readonly families = new MemoryFamilies(this.unitOfWork);
  readonly tokens = new MemoryOneTimeTokens(this.unitOfWork);
  readonly passwords = new PlainPasswords();
  readonly mailBox = new MailBox();
  readonly queue = new MailQueue();
  readonly hooks = new AccountDeletionHooks();
  readonly limiter = new MemoryAttemptLimiter(
    {
      windowSeconds: 60,
      perAddress: 1000,
      perAccount: ATTEMPTS,
      refreshPerAccount: ATTEMPTS,
      mailsPerAccount: ATTEMPTS,
      mailsPerAccountAndDay: ATTEMPTS,
      managementPerMinute: 1000,
    },
    this.clock,
  );
  readonly newPasswords = new NewPasswords(new StrengthByWords(), this.passwords);
  readonly invitations: Invitations;
  readonly mails: AccountMails;
  readonly auth: AuthService;
  readonly passwordChanges: PasswordService;
  readonly deletions: AccountDeletionService;
  readonly administration: AccountAdministration;
  readonly sessions: SessionService;

  constructor({ needsInvitation = false, page = null as string | null } = {}) {
    const { clock, unitOfWork, users, families, tokens, passwords, limiter, newPasswords } = this;
    const freshness = this.freshness.asFreshness();
    this.invitations = new Invitations(new RegistrationPolicy(needsInvitation), tokens, clock);
    const links = new MailLinks(page);
    this.mails = new AccountMails(unitOfWork, users, tokens, this.mailBox, links, this.queue, limiter, clock);
    const accessTokens: Pick<AccessTokenIssuer, 'issue'> = {
      issue: ({ id }: RefreshTokenFamily) => Promise.resolve({ token: `access of ${id}`, expiresIn: 900 }),
    };
    this.auth = new AuthService(
      unitOfWork,
      users,
      families,
      passwords,
      newPasswords,
      this.invitations,
      this.mails,
      accessTokens as AccessTokenIssuer,
      limiter,
      freshness,
      clock,
    );
    this.passwordChanges = new PasswordService(
      unitOfWork,
      users,
      families,
      tokens,
      passwords,
      newPasswords,
      limiter,
      freshness,
      clock,
    );
    this.deletions = new AccountDeletionService(
      unitOfWork,
      users,
      families,
      this.hooks,
      passwords,
      limiter,
      freshness,
      clock,
    );
    this.administration = new AccountAdministration(unitOfWork, users, families, tokens, freshness, clock);
    this.sessions = new SessionService(unitOfWork, families, freshness, clock);
  }

  /** The names of the events that were committed since the last time this was called. */
  events(): string[] {
    return this.unitOfWork.committed.splice(0).map(({ name }) => name);
  }
}
