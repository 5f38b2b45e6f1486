import { Injectable } from '@nestjs/common';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { purgeEndedSecrets } from './api-key-secrets.js';

const EVERY_MS = 3600_000;

/** Deletes secrets within an hour of the end of their retention. */
@Injectable()
export class EndedSecretsPurge extends PeriodicPurge {
  constructor(unitOfWork: UnitOfWork) {
    super('secrets of keys', EVERY_MS, unitOfWork);
  }

  protected deleteSome(limit: number, tx: Transaction): Promise<number> {
    return purgeEndedSecrets(limit, managerOf(tx));
  }
}
