import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import { KeysOfMembers, type KeysOfMembersKeeper, type SomeRevoked } from '../../applications/index.js';
import { ApiKeyRepository } from '../domain/api-key.repository.js';

/** Keys of one transaction: each takes a place in the feed, which keeps other changes waiting until the commit. */
const AT_ONCE = 500;

/** Revokes the keys that somebody made who is taken out of an application. */
@Injectable()
export class RevokeKeysOfMembers implements KeysOfMembersKeeper, OnModuleInit {
  constructor(
    private readonly members: KeysOfMembers,
    private readonly keys: ApiKeyRepository,
  ) {}

  onModuleInit(): void {
    this.members.enter(this);
  }

  async revokeSomeMadeBy(
    who: Subject,
    applicationId: string,
    now: Date,
    tx: Transaction,
  ): Promise<SomeRevoked> {
    const revoked = await this.keys.revokeSomeMadeBy(who, applicationId, AT_ONCE, now, tx);
    return { revoked, mayBeMore: revoked === AT_ONCE };
  }
}
