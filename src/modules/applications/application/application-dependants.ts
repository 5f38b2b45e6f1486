import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../../shared/transaction.js';

/** What another module keeps for an application, and must end together with it. */
export interface ApplicationDependant {
  /** Runs inside the transaction that deletes the application; when it throws, nothing is deleted. */
  onApplicationDeleted(applicationId: string, now: Date, tx: Transaction): Promise<void>;
}

/** The modules that keep something for applications enter themselves here: this module knows none of them. */
@Injectable()
export class ApplicationDependants {
  private readonly dependants: ApplicationDependant[] = [];

  add(dependant: ApplicationDependant): void {
    this.dependants.push(dependant);
  }

  async onApplicationDeleted(applicationId: string, now: Date, tx: Transaction): Promise<void> {
    for (const dependant of this.dependants) await dependant.onApplicationDeleted(applicationId, now, tx);
  }
}
