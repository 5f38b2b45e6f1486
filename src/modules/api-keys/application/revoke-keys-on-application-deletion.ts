import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../../../shared/transaction.js';
import { ApplicationDeletionHooks, type ApplicationDeletionHook } from '../../applications/index.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';

/**
 * Revokes the keys of an application in the transaction that deletes it. Where these are many it revokes some hundreds, and
 * `KeysOfDeletedApplications` the others: until then they are refused because their application is deleted.
 */
@Injectable()
export class RevokeKeysOnApplicationDeletion implements ApplicationDeletionHook, OnModuleInit {
  constructor(
    private readonly hooks: ApplicationDeletionHooks,
    private readonly keys: ApiKeyRepository,
  ) {}

  onModuleInit(): void {
    this.hooks.add(this);
  }

  onApplicationDeleted(applicationId: string, now: Date, tx: Transaction): Promise<void> {
    return this.keys.revokeAllOf(applicationId, now, tx);
  }
}
