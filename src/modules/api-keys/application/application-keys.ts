import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../../../shared/transaction.js';
import { ApplicationDependants, type ApplicationDependant } from '../../applications/index.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';

/** Ends the keys of an application together with it: no key outlives its application. */
@Injectable()
export class ApplicationKeys implements ApplicationDependant, OnModuleInit {
  constructor(
    private readonly dependants: ApplicationDependants,
    private readonly keys: ApiKeyRepository,
  ) {}

  onModuleInit(): void {
    this.dependants.add(this);
  }

  onApplicationDeleted(applicationId: string, now: Date, tx: Transaction): Promise<void> {
    return this.keys.revokeAllOf(applicationId, now, tx);
  }
}
