import type { Pool } from 'pg';
import {
  CreditStore,
  type CountedVerifications,
  type CreditRun,
  type CreditRunOutcome,
} from '../domain/credit-store.js';

interface Row {
  granted: number;
  key_left: number | null;
  application_left: number | null;
  again_in: number | null;
}

/*
 * The first of a run are those that were granted; the others are those it refused. The usage is written after the
 * balances are locked, in the same statement: so both are there or neither is.
 */
const SPEND_AND_COUNT = `
  WITH spent AS MATERIALIZED (
    SELECT *
      FROM spend_credits($1, $2, $3, $4, $5, $6)
      WITH ORDINALITY AS s (granted, key_left, application_left, again_in, run)
  ), moment AS MATERIALIZED (
    SELECT date_trunc('hour', coalesce($6, clock_timestamp()), 'UTC') AS hour
  ), verdicts AS (
    SELECT c.key, c.application, v.verdict, sum(v.count)::bigint AS count
      FROM unnest($7::integer[], $8::uuid[], $9::uuid[], $10::integer[], $11::integer[])
             AS c (run, key, application, before, times)
      JOIN spent ON spent.run = c.run
     CROSS JOIN LATERAL (SELECT greatest(0, least(c.times, spent.granted - c.before))) AS p (passed)
     CROSS JOIN LATERAL (VALUES ('VALID', p.passed), ('USAGE_EXCEEDED', c.times - p.passed)) AS v (verdict, count)
     WHERE v.count > 0
     GROUP BY c.key, c.application, v.verdict
  ), counted AS MATERIALIZED (
    SELECT count_usage(array_agg(key), array_agg(application), array_agg(hour), array_agg(verdict), array_agg(count))
      FROM verdicts CROSS JOIN moment
  )
  SELECT granted, key_left, application_left, again_in FROM counted CROSS JOIN spent ORDER BY run`;

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
    const counted = runs.flatMap((run, index) => countedIn(run, index + 1));
    const { rows } = await this.pool.query<Row>({
      name: 'spend_and_count',
      text: SPEND_AND_COUNT,
      values: [
        accounts.ids,
        keys,
        applications,
        runs.map(({ cost }) => cost),
        runs.map(({ times }) => times),
        this.clock?.() ?? null,
        counted.map(({ run }) => run),
        counted.map(({ key }) => key.keyId),
        counted.map(({ key }) => key.applicationId),
        counted.map(({ before }) => before),
        counted.map(({ times }) => times),
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

/** What is counted of a run, each with how many verifications come before it. */
function countedIn(
  { counted = [] }: CreditRun,
  run: number,
): (CountedVerifications & { run: number; before: number })[] {
  let before = 0;
  return counted.map(({ key, times }) => {
    const placed = { key, times, run, before };
    before += times;
    return placed;
  });
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
