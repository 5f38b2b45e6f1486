import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ChangeProof } from '../../../shared/committed.js';
import type { Transaction } from '../../../shared/transaction.js';
import { ApplicationDependants, type ApplicationDependant } from '../../applications/index.js';
import type { Subject } from '../../../shared/subject.js';
import { Freshness } from '../../freshness/index.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';

/** Ends the keys of an application together with it: no key outlives its application. */
@Injectable()
export class ApplicationKeys implements ApplicationDependant, OnModuleInit {
  constructor(
    private readonly dependants: ApplicationDependants,
    private readonly keys: ApiKeyRepository,
    private readonly freshness: Freshness,
  ) {}

  onModuleInit(): void {
    this.dependants.add(this);
  }

  async endWith(applicationId: string, by: Subject, now: Date, tx: Transaction): Promise<void> {
    await this.keys.revokeAllOf(applicationId, by, now, tx);
  }

  settle(change: ChangeProof | null): Promise<void> {
    return this.freshness.settle(change);
  }
}
