import { Injectable } from '@nestjs/common';
import type { CountedKey, CreditAccounts } from '../domain/credits.js';
import {
  CreditStore,
  type CountedVerifications,
  type CreditRun,
  type CreditRunOutcome,
} from '../domain/credit-store.js';
import { Batcher } from '../../../shared/concurrency/batcher.js';

/**
 * Verifications that share one statement and one commit, and such statements at a time: while one waits for the disk the
 * next is gathered and sent. More of them would be smaller, and cost the database more for each verification.
 */
const BATCHES = { maxBatches: 2, maxCalls: 500 };

export interface Spending {
  /** Whether the cost was there, and is spent now. */
  readonly granted: boolean;
  /** What is left right after this verification; null without such an account. */
  readonly keyRemaining: number | null;
  readonly applicationRemaining: number | null;
  /** For one that was refused: whole seconds after which refills let it pass, if no other comes first; else null. */
  readonly retryAfterSeconds: number | null;
}

interface SpendingRequest {
  readonly accounts: CreditAccounts;
  readonly cost: number;
  readonly countedFor: CountedKey | undefined;
}

/**
 * Spends credits exactly: as if the verifications came one after the other, in the order of their arrival. Those
 * that come while a statement is under way share the next one, so a hot key costs a fraction of a statement each.
 *
 * It fails closed: when the database cannot be asked, nobody knows what is left. What was under way then is in
 * doubt (it may have been spent for nothing), and is never tried again.
 */
@Injectable()
export class CreditLedger {
  private readonly calls = new Batcher(
    (requests: readonly SpendingRequest[]) => this.spendAll(requests),
    BATCHES,
  );

  /** Verifications since the start: paid for, refused for want of credits, or in doubt. */
  readonly counts = { granted: 0, refused: 0, failed: 0 };

  constructor(private readonly store: CreditStore) {}

  /** Verifications that wait for those before them. */
  get waiting(): number {
    return this.calls.waiting;
  }

  /**
   * `cost` is an integer from 0; 0 spends nothing, always passes, and tells what is left.
   *
   * @param countedFor the key whose usage it is
   */
  spend(accounts: CreditAccounts, cost: number, countedFor?: CountedKey): Promise<Spending> {
    // The keys of an application with credits would only wait for each other in the database.
    return this.calls.call(accounts.applicationId ?? accounts.keyId ?? '', { accounts, cost, countedFor });
  }

  private async spendAll(requests: readonly SpendingRequest[]): Promise<Spending[]> {
    const runs = toRuns(requests);
    try {
      const outcomes = await this.store.spend(runs);
      return runs.flatMap((run, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined) throw new Error('the store did not answer a run');
        this.counts.granted += outcome.granted;
        this.counts.refused += run.times - outcome.granted;
        return toSpendings(run, outcome);
      });
    } catch (error) {
      this.counts.failed += requests.length;
      throw error;
    }
  }
}

function toRuns(requests: readonly SpendingRequest[]): CreditRun[] {
  const runs: (Run & CreditRun)[] = [];
  for (const { accounts, cost, countedFor } of requests) {
    let run = runs.at(-1);
    if (
      run?.cost === cost &&
      run.accounts.keyId === accounts.keyId &&
      run.accounts.applicationId === accounts.applicationId
    ) {
      run.times++;
    } else {
      run = { accounts, cost, times: 1, counted: [] };
      runs.push(run);
    }
    if (countedFor !== undefined) count(run.counted, countedFor);
  }
  return runs;
}

interface Run {
  times: number;
  readonly counted: { readonly key: CountedKey; times: number }[];
}

function count(counted: Run['counted'], key: CountedKey): void {
  const last = counted.at(-1);
  if (last?.key.keyId === key.keyId) last.times++;
  else counted.push({ key, times: 1 } satisfies CountedVerifications);
}

function toSpendings(run: CreditRun, outcome: CreditRunOutcome): Spending[] {
  const { keyRemaining, applicationRemaining, againInSeconds } = outcome;
  return Array.from({ length: run.times }, (_, index) => {
    const granted = index < outcome.granted;
    /** What those after it in the run have spent: it was still there. */
    const later = Math.max(0, outcome.granted - index - 1) * run.cost;
    return {
      granted,
      keyRemaining: keyRemaining === null ? null : keyRemaining + later,
      applicationRemaining: applicationRemaining === null ? null : applicationRemaining + later,
      retryAfterSeconds: granted || againInSeconds === null ? null : Math.ceil(againInSeconds),
    };
  });
}
