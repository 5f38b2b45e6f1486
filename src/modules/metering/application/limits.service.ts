import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { ApplicationService } from '../../applications/index.js';
import { Freshness } from '../../freshness/index.js';
import type { ApplicationLimits, ApplicationLimitsChanges } from '../domain/application-limits.js';
import { ApplicationLimitsRepository } from '../domain/application-limits.repository.js';
import { CreditBalances, type CreditSubject } from '../domain/credit-balances.js';
import type { Credits } from '../domain/credits.js';

/** Sets a balance, or adds to it. */
export type BalanceChange = { readonly set: number } | { readonly add: number };

/** What people do with the limits that the keys of an application share, and with balances. */
@Injectable()
export class LimitsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly applications: ApplicationService,
    private readonly limits: ApplicationLimitsRepository,
    private readonly balances: CreditBalances,
    private readonly freshness: Freshness,
  ) {}

  get(applicationId: string): Promise<ApplicationLimits> {
    return this.freshness.read((atLeast) => this.limits.find(applicationId, atLeast));
  }

  /** Resolves when the change holds on every node. Throws `no_credits`. */
  async change(
    actor: Actor,
    applicationId: string,
    changes: ApplicationLimitsChanges,
  ): Promise<ApplicationLimits> {
    const { value, change } = await this.unitOfWork.run(actor, async (tx) => {
      await this.limits.change(applicationId, changes, tx);
      // After the commit, what answers may know less, or somebody else's next change already.
      const changed = await this.limits.reread(applicationId, tx);
      await this.applications.assertStillPermitted(applicationId, 'manage-keys', tx);
      return changed;
    });
    await this.freshness.waitForPropagation(change);
    return value;
  }

  /**
   * Changes the balance of a key or an application; no node keeps it in memory, so it holds at once. Throws
   * `no_credits` and `credits_out_of_range`.
   */
  async changeBalance(actor: Actor, subject: CreditSubject, change: BalanceChange): Promise<Credits> {
    const { value: credits } = await this.unitOfWork.run(actor, async (tx) => {
      const changed =
        'set' in change
          ? await this.balances.set(subject, change.set, tx)
          : await this.balances.add(subject, change.add, tx);
      await this.applications.assertStillPermitted(subject.applicationId, 'manage-keys', tx);
      return changed;
    });
    return credits;
  }
}
