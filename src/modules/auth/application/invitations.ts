import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import type { Transaction } from '../../../shared/transaction.js';
import { OneTimeTokenRepository } from '../domain/one-time-token.repository.js';
import { OneTimeTokenSecret } from '../domain/one-time-token-secret.js';
import { invalidOneTimeToken, type OneTimeToken } from '../domain/one-time-token.js';
import type { User } from '../domain/user.js';

/** Whether everybody may register, or who was invited alone. */
export class RegistrationPolicy {
  constructor(readonly needsInvitation: boolean) {}
}

/** Lets those in who were invited. */
@Injectable()
export class Invitations {
  constructor(
    private readonly policy: RegistrationPolicy,
    private readonly tokens: OneTimeTokenRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * The invitation that a token is, for the email it was made for. Throws `invitation_required` without one where one is
   * needed, and `invalid_one_time_token` for one that is of no use.
   */
  async check(token: string | undefined, normalizedEmail: string): Promise<OneTimeToken | undefined> {
    if (token === undefined) {
      if (!this.policy.needsInvitation) return undefined;
      throw new DomainError(
        'invitation_required',
        'Ask the operator of this service for an invitation, and send its token as invitation.',
      );
    }
    const hash = OneTimeTokenSecret.parse(token)?.hash();
    const invitation = hash && (await this.tokens.find(hash, 'invitation'));
    if (invitation?.email !== normalizedEmail || invitation.hasExpired(this.clock.now())) {
      throw invalidOneTimeToken();
    }
    return invitation;
  }

  /** Throws `invalid_one_time_token` when somebody else has used it since it was checked. */
  async accept(invitation: OneTimeToken | undefined, user: User, tx: Transaction): Promise<void> {
    if (invitation === undefined) return;
    invitation.accept(user.id);
    await this.tokens.spend(invitation, tx);
  }
}
