import { Injectable } from '@nestjs/common';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';

/** What another module does when somebody deletes their account. */
export interface AccountDeletionHook {
  /**
   * Runs inside the transaction that deletes the account, which nobody keeps any more (`SubjectDirectory.keepActor`);
   * when it throws, what it says stands in the way and nothing is deleted.
   */
  onAccountDeleted(person: Subject, now: Date, tx: Transaction): Promise<void>;
}

/** Other modules register their hooks here, so that this module need not know them. */
@Injectable()
export class AccountDeletionHooks {
  private readonly hooks: AccountDeletionHook[] = [];

  add(hook: AccountDeletionHook): void {
    this.hooks.push(hook);
  }

  async onAccountDeleted(person: Subject, now: Date, tx: Transaction): Promise<void> {
    for (const hook of this.hooks) await hook.onAccountDeleted(person, now, tx);
  }
}
