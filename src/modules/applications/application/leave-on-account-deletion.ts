import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DomainError } from '../../../shared/domain-error.js';
import { isSameSubject, type Subject } from '../../../shared/subject.js';
import type { Transaction } from '../../../shared/transaction.js';
import { AccountDeletionHooks, type AccountDeletionHook } from '../../auth/index.js';
import { MemberRepository } from '../domain/member.repository.js';

/** Applications that are named to somebody who must see to them first. */
const MAX_NAMED = 10;

/** Takes somebody out of every application in the transaction that deletes their account. */
@Injectable()
export class LeaveOnAccountDeletion implements AccountDeletionHook, OnModuleInit {
  constructor(
    private readonly hooks: AccountDeletionHooks,
    private readonly members: MemberRepository,
  ) {}

  onModuleInit(): void {
    this.hooks.add(this);
  }

  /** Throws `owns_applications` when an application would be left without an owner, and names those. */
  async onAccountDeleted(person: Subject, now: Date, tx: Transaction): Promise<void> {
    const owned: string[] = [];
    // In the order of their ids: two who own the same applications must not wait for each other.
    for (const id of await this.members.applicationsOf(person, tx)) {
      if (!(await this.leave(id, person, now, tx))) owned.push(id);
    }
    if (owned.length === 0) return;
    const named = owned.slice(0, MAX_NAMED).join(', ');
    const others = owned.length > MAX_NAMED ? ` and ${owned.length - MAX_NAMED} more` : '';
    throw new DomainError(
      'owns_applications',
      `You are the last owner of applications: hand them on, or delete them, first. They are ${named}${others}.`,
    );
  }

  /** Returns false, and changes nothing, when the application would be left without an owner. */
  private async leave(id: string, person: Subject, now: Date, tx: Transaction): Promise<boolean> {
    try {
      await this.members.change(
        id,
        (members) => {
          // Taken out since the list was read, they have left.
          if (members.all.some((member) => isSameSubject(member, person)))
            members.remove(person, person, now);
        },
        tx,
      );
      return true;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code === 'application_not_found') return true;
      if (error.code === 'last_owner') return false;
      throw error;
    }
  }
}
