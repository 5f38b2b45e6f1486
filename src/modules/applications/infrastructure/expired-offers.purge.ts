import { Injectable } from '@nestjs/common';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { Clock } from '../../../shared/clock.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { OfferRepository } from '../domain/offer.repository.js';

const EVERY_MS = 3600_000;

/** Deletes offers that have run out. Nobody can accept one in any case. */
@Injectable()
export class ExpiredOffersPurge extends PeriodicPurge {
  constructor(
    private readonly offers: OfferRepository,
    private readonly clock: Clock,
    unitOfWork: UnitOfWork,
  ) {
    super('offers', EVERY_MS, unitOfWork);
  }

  protected deleteSome(limit: number, tx: Transaction): Promise<number> {
    return this.offers.purgeExpired(this.clock.now(), limit, tx);
  }
}
