import type { Pool } from 'pg';
import { CreditStore, type CreditRun, type CreditRunOutcome } from '../domain/credit-store.js';

interface Row {
  granted: number;
  key_left: number | null;
  application_left: number | null;
  again_in: number | null;
}

/** Spends from the balances in PostgreSQL: any number of runs in one call of one function, which is one transaction. */
export class PostgresCreditStore extends CreditStore {
  constructor(
    private readonly pool: Pool,
    /** For the tests. Without it the server's clock counts. */
    private readonly clock?: () => Date,
  ) {
    super();
  }

  async spend(runs: readonly CreditRun[]): Promise<CreditRunOutcome[]> {
    const accounts = new Accounts();
    const keys = runs.map((run) => accounts.positionOf(run.accounts.keyId));
    const applications = runs.map((run) => accounts.positionOf(run.accounts.applicationId));
    const { rows } = await this.pool.query<Row>({
      name: 'spend_credits',
      text: 'SELECT * FROM spend_credits($1, $2, $3, $4, $5, $6)',
      values: [
        accounts.ids,
        keys,
        applications,
        runs.map(({ cost }) => cost),
        runs.map(({ times }) => times),
        this.clock?.() ?? null,
      ],
    });
    return rows.map(({ granted, key_left, application_left, again_in }) => ({
      granted,
      keyRemaining: key_left,
      applicationRemaining: application_left,
      againInSeconds: again_in,
    }));
  }
}

/** The accounts of a statement, each once; the runs point to them by position, counted from 1 as PostgreSQL does. */
class Accounts {
  readonly ids: string[] = [];
  private readonly positions = new Map<string, number>();

  /** 0 for none. */
  positionOf(id: string | null): number {
    if (id === null) return 0;
    let position = this.positions.get(id);
    if (position === undefined) {
      position = this.ids.push(id);
      this.positions.set(id, position);
    }
    return position;
  }
}
