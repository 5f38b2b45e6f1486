import { Injectable } from '@nestjs/common';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { Clock } from '../../../shared/clock.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';

const EVERY_MS = 3600_000;

/** Deletes logins that have run out. */
@Injectable()
export class ExpiredFamiliesPurge extends PeriodicPurge {
  constructor(
    private readonly families: RefreshTokenFamilyRepository,
    private readonly clock: Clock,
    unitOfWork: UnitOfWork,
  ) {
    super('logins', EVERY_MS, unitOfWork);
  }

  protected deleteSome(limit: number, tx: Transaction): Promise<number> {
    return this.families.purgeExpired(this.clock.now(), limit, tx);
  }
}
