import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../shared/domain-error.js';
import { LOCAL_ISSUER, type Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UserRepository } from '../domain/user.repository.js';
import { TrustedIssuers } from './access-token-verifier.js';

/** What others may learn of an account. */
export interface KnownAccount {
  readonly email: string;
  readonly isEmailVerified: boolean;
}

/** Tells the other modules whether somebody could ever sign in: whom a caller names, or who acts. */
@Injectable()
export class SubjectDirectory {
  constructor(
    private readonly users: UserRepository,
    private readonly issuers: TrustedIssuers,
  ) {}

  /**
   * Throws `user_not_found` for a local user that is not there, and `validation_failed` for an issuer whose tokens
   * are not taken. The people of another issuer cannot be looked up.
   */
  async assertKnown({ issuer, subject }: Subject): Promise<void> {
    if (issuer === LOCAL_ISSUER) {
      if ((await this.users.find(subject)) === undefined) {
        throw new DomainError(
          'user_not_found',
          'Nobody of this id is registered here: it is the id of GET /auth/me.',
        );
      }
    } else if (!this.trusts(issuer)) {
      const message = 'is not an issuer whose tokens are accepted here: spell it as their iss does';
      throw new DomainError('validation_failed', `issuer ${message}.`, {
        errors: [{ field: 'issuer', message }],
      });
    }
  }

  /**
   * For what would leave something to who acts in the transaction: they do not delete their account before it ends. The
   * first thing to be done in it. Throws `invalid_token` when they have deleted it. The people of another issuer cannot
   * be looked up.
   */
  async keepActor(tx: Transaction): Promise<void> {
    const { issuer, subject } = tx.actor;
    if (issuer === LOCAL_ISSUER && !(await this.users.keep(subject, tx))) {
      throw new DomainError('invalid_token', 'The account of this access token does not exist any more.');
    }
  }

  /** The accounts of those of these people who have one here, by their subject. Whom other issuers know is not known here. */
  async accountsOf(people: readonly Subject[]): Promise<ReadonlyMap<string, KnownAccount>> {
    const ids = people.filter(({ issuer }) => issuer === LOCAL_ISSUER).map(({ subject }) => subject);
    const users = ids.length === 0 ? [] : await this.users.findAll(ids);
    return new Map(users.map(({ id, email, isEmailVerified }) => [id, { email, isEmailVerified }]));
  }

  private trusts(issuer: string): boolean {
    return [...this.issuers.values()].some(({ principalIssuer }) => principalIssuer === issuer);
  }
}
