import { Injectable } from '@nestjs/common';
import { PeriodicBatches } from '../../../infrastructure/database/periodic-batches.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { revokeSomePending } from './pending-key-revocations.js';

const EVERY_MS = 5_000;

/** Revokes the keys of a deleted application that were too many for the transaction that deleted it. */
@Injectable()
export class KeysOfDeletedApplications extends PeriodicBatches {
  constructor(unitOfWork: UnitOfWork) {
    const failure = 'Keys of deleted applications were not marked as revoked';
    super({ task: 'revocation', failure, everyMs: EVERY_MS }, unitOfWork);
  }

  protected doSome(limit: number, tx: Transaction): Promise<boolean> {
    return revokeSomePending(limit, null, tx);
  }
}
