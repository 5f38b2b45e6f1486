import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../../shared/transaction.js';

/** What another module does when an application is deleted. */
export interface ApplicationDeletionHook {
  /** Runs inside the transaction that deletes the application; when it throws, nothing is deleted. */
  onApplicationDeleted(applicationId: string, now: Date, tx: Transaction): Promise<void>;
}

/** Other modules register their hooks here, so that this module need not know them. */
@Injectable()
export class ApplicationDeletionHooks {
  private readonly hooks: ApplicationDeletionHook[] = [];

  add(hook: ApplicationDeletionHook): void {
    this.hooks.push(hook);
  }

  async onApplicationDeleted(applicationId: string, now: Date, tx: Transaction): Promise<void> {
    for (const hook of this.hooks) await hook.onApplicationDeleted(applicationId, now, tx);
  }
}
