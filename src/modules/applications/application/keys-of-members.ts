import { Injectable } from '@nestjs/common';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';

export interface SomeRevoked {
  readonly revoked: number;
  readonly mayBeMore: boolean;
}

/** Knows the keys that somebody has made. */
export interface KeysOfMembersKeeper {
  /** Revokes some of those that they made in an application, service keys among them. */
  revokeSomeMadeBy(who: Subject, applicationId: string, now: Date, tx: Transaction): Promise<SomeRevoked>;
}

/** Who keeps keys enters themselves here: this module knows none of them. */
@Injectable()
export class KeysOfMembers {
  private keeper: KeysOfMembersKeeper | undefined;

  enter(keeper: KeysOfMembersKeeper): void {
    this.keeper = keeper;
  }

  revokeSomeMadeBy(who: Subject, applicationId: string, now: Date, tx: Transaction): Promise<SomeRevoked> {
    if (this.keeper === undefined) throw new Error('Nobody keeps keys.');
    return this.keeper.revokeSomeMadeBy(who, applicationId, now, tx);
  }
}
