import { Injectable } from '@nestjs/common';
import type { DomainError } from '../../../shared/domain-error.js';
import type { Transaction } from '../../../shared/transaction.js';

/** Knows whether the service key that makes a change is still good for it. */
export interface ServiceKeyKeeper {
  /**
   * Null when the actor of the transaction is a service key of the application that may still change something there,
   * and remains one until the transaction ends; else what to refuse it with.
   */
  refusalOf(applicationId: string, tx: Transaction): Promise<DomainError | null>;
}

/** Who keeps service keys enters themselves here: this module knows none of them. */
@Injectable()
export class ActingServiceKeys {
  private keeper: ServiceKeyKeeper | undefined;

  enter(keeper: ServiceKeyKeeper): void {
    this.keeper = keeper;
  }

  refusalOf(applicationId: string, tx: Transaction): Promise<DomainError | null> {
    if (this.keeper === undefined) throw new Error('Nobody keeps service keys.');
    return this.keeper.refusalOf(applicationId, tx);
  }
}
