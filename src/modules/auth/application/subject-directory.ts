import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../shared/domain-error.js';
import { LOCAL_ISSUER, type Subject } from '../../../shared/subject.js';
import { UserRepository } from '../domain/user.repository.js';
import { TrustedIssuers } from './access-token-verifier.js';

/** Tells the other modules whether somebody whom a caller names could ever sign in. */
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

  private trusts(issuer: string): boolean {
    return [...this.issuers.values()].some(({ principalIssuer }) => principalIssuer === issuer);
  }
}
