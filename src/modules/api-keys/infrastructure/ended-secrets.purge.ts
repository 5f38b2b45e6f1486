import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { ApiKeySecrets } from './api-key-secrets.js';

const EVERY_MS = 3600_000;

/** Deletes secrets within an hour of the end of their retention. */
@Injectable()
export class EndedSecretsPurge extends PeriodicPurge {
  private readonly secrets: ApiKeySecrets;

  constructor(@InjectDataSource() dataSource: DataSource, unitOfWork: UnitOfWork) {
    super('secrets of keys', EVERY_MS, unitOfWork);
    this.secrets = new ApiKeySecrets(dataSource.manager);
  }

  protected deleteSome(limit: number, tx: Transaction): Promise<number> {
    return this.secrets.purgeEnded(limit, managerOf(tx));
  }
}
