import { Injectable } from '@nestjs/common';
import type { ChangeProof } from '../../../shared/committed.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Subject } from '../../../shared/subject.js';

/** What another module keeps for an application, and must end together with it. */
export interface ApplicationDependant {
  /** Runs inside the transaction that deletes the application; when it throws, nothing is deleted. */
  endWith(applicationId: string, by: Subject, now: Date, tx: Transaction): Promise<void>;
  /** Runs after the commit, before the deletion is answered. `change` proves what was committed, if anything was. */
  settle(change: ChangeProof | null): Promise<void>;
}

/**
 * The modules that keep something for applications enter themselves here: this module knows none of them.
 */
@Injectable()
export class ApplicationDependants {
  private readonly dependants: ApplicationDependant[] = [];

  add(dependant: ApplicationDependant): void {
    this.dependants.push(dependant);
  }

  async endWith(applicationId: string, by: Subject, now: Date, tx: Transaction): Promise<void> {
    for (const dependant of this.dependants) await dependant.endWith(applicationId, by, now, tx);
  }

  async settle(change: ChangeProof | null): Promise<void> {
    for (const dependant of this.dependants) await dependant.settle(change);
  }
}
