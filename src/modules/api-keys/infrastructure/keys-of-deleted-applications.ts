import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { PeriodicBatches } from '../../../infrastructure/database/periodic-batches.js';
import { PendingKeyRevocations } from './pending-key-revocations.js';

const EVERY_MS = 5_000;

/** Revokes the keys of a deleted application that were too many for the transaction that deleted it. */
@Injectable()
export class KeysOfDeletedApplications extends PeriodicBatches {
  private readonly pending: PendingKeyRevocations;

  constructor(@InjectDataSource() dataSource: DataSource) {
    super('Keys of deleted applications were not marked as revoked', EVERY_MS);
    this.pending = new PendingKeyRevocations(dataSource.manager);
  }

  protected doSome(limit: number): Promise<boolean> {
    return this.pending.revokeSome(limit);
  }
}
