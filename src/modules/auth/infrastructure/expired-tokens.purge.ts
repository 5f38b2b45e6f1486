import { Injectable } from '@nestjs/common';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { Clock } from '../../../shared/clock.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { OneTimeTokenRepository } from '../domain/one-time-token.repository.js';

const EVERY_MS = 3600_000;

/** Deletes one-time tokens that nobody has used in time. */
@Injectable()
export class ExpiredTokensPurge extends PeriodicPurge {
  constructor(
    private readonly tokens: OneTimeTokenRepository,
    private readonly clock: Clock,
    unitOfWork: UnitOfWork,
  ) {
    super('one-time tokens', EVERY_MS, unitOfWork);
  }

  protected deleteSome(limit: number, tx: Transaction): Promise<number> {
    return this.tokens.purgeExpired(this.clock.now(), limit, tx);
  }
}
