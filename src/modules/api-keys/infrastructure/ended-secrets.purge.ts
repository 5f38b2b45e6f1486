import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { ApiKeySecrets } from './api-key-secrets.js';

const EVERY_MS = 3600_000;

/** Deletes secrets within an hour of the end of their retention. */
@Injectable()
export class EndedSecretsPurge extends PeriodicPurge {
  private readonly secrets: ApiKeySecrets;

  constructor(@InjectDataSource() dataSource: DataSource) {
    super('secrets of keys', EVERY_MS);
    this.secrets = new ApiKeySecrets(dataSource.manager);
  }

  protected deleteSome(limit: number): Promise<number> {
    return this.secrets.purgeEnded(limit);
  }
}
