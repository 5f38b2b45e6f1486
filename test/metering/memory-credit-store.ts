import {
  CreditStore,
  type CreditRun,
  type CreditRunOutcome,
} from '../../src/modules/metering/domain/credit-store.js';

/** Balances of accounts, without refills. */
export class MemoryCreditStore extends CreditStore {
  /** By the id of the key or the application. */
  readonly balances = new Map<string, number>();
  readonly runs: CreditRun[][] = [];
  failure: Error | undefined;

  spend(runs: readonly CreditRun[]): Promise<CreditRunOutcome[]> {
    this.runs.push([...runs]);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return Promise.resolve(runs.map((run) => this.spendOne(run)));
  }

  private spendOne({ accounts, cost, times }: CreditRun): CreditRunOutcome {
    const ids = [accounts.keyId, accounts.applicationId].filter((id) => id !== null);
    const left = Math.min(...ids.map((id) => this.balances.get(id) ?? Infinity));
    const granted = cost === 0 ? times : Math.min(times, Math.floor(left / cost));
    for (const id of ids) {
      const balance = this.balances.get(id);
      if (balance !== undefined) this.balances.set(id, balance - granted * cost);
    }
    return {
      granted,
      keyRemaining: this.balances.get(accounts.keyId ?? '') ?? null,
      applicationRemaining: this.balances.get(accounts.applicationId ?? '') ?? null,
      againInSeconds: granted === times ? null : 59.5,
    };
  }
}
