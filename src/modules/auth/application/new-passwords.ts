import { Injectable } from '@nestjs/common';
import type { Party } from '../../../shared/concurrency/fair-semaphore.js';
import { DomainError } from '../../../shared/domain-error.js';
import { PasswordHasher, type PasswordHash } from '../domain/password-hasher.js';
import { wordsAbout } from '../domain/password-policy.js';
import { PasswordStrength } from '../domain/password-strength.js';

/** Judges the passwords that people choose, and hashes those that are good enough. */
@Injectable()
export class NewPasswords {
  constructor(
    private readonly strength: PasswordStrength,
    private readonly hasher: PasswordHasher,
  ) {}

  /**
   * Throws `weak_password`, naming the field it came in, and `service_unavailable` when too many are waiting for a
   * hash.
   */
  async hash(
    password: string,
    person: { email: string; name: string | null },
    from: Party,
    field = 'password',
  ): Promise<PasswordHash> {
    if (await this.strength.isGuessable(password, wordsAbout(person))) {
      throw new DomainError('weak_password', 'Choose a password that is harder to guess.', {
        errors: [{ field, message: 'is one of the first that are guessed' }],
      });
    }
    return this.hasher.hash(password, from);
  }
}
