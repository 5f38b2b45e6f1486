import { Injectable } from '@nestjs/common';
import { Freshness } from '../../freshness/index.js';
import {
  ApplicationLimitsRepository,
  type ApplicationLimits,
  type ApplicationLimitsChanges,
} from '../domain/application-limits.js';
import { CreditBalances } from '../domain/credit-balances.js';
import type { Credits } from '../domain/credits.js';

/** Sets a balance, or adds to it. */
export type BalanceChange = { readonly set: number } | { readonly add: number };

/** What people do with the limits that the keys of an application share, and with balances. */
@Injectable()
export class LimitsService {
  constructor(
    private readonly limits: ApplicationLimitsRepository,
    private readonly balances: CreditBalances,
    private readonly freshness: Freshness,
  ) {}

  get(applicationId: string): Promise<ApplicationLimits> {
    return this.limits.find(applicationId);
  }

  /** Answers when the change holds on every node. Throws `no_credits`. */
  async change(applicationId: string, changes: ApplicationLimitsChanges): Promise<ApplicationLimits> {
    await this.freshness.settle(await this.limits.change(applicationId, changes));
    return this.limits.find(applicationId);
  }

  /**
   * Changes the balance of a key or an application; no node keeps it in memory, so it holds at once. Throws
   * `no_credits` and `credits_out_of_range`.
   */
  changeBalance(subjectId: string, change: BalanceChange): Promise<Credits> {
    return 'set' in change
      ? this.balances.set(subjectId, change.set)
      : this.balances.add(subjectId, change.add);
  }
}
