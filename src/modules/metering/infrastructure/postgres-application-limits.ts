import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Snapshots } from '../../../infrastructure/database/snapshots.js';
import { expectProof, managerOf } from '../../../infrastructure/database/transaction.js';
import { changedFields } from '../../../shared/domain-event.js';
import type { Snapshot, Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import type { ApplicationLimits, ApplicationLimitsChanges } from '../domain/application-limits.js';
import { ApplicationLimitsRepository } from '../domain/application-limits.repository.js';
import { CreditBalances } from '../domain/credit-balances.js';
import type { RateLimit } from '../domain/rate-limit.js';

@Injectable()
export class PostgresApplicationLimits extends ApplicationLimitsRepository {
  private readonly snapshots: Snapshots;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly balances: CreditBalances,
  ) {
    super();
    this.snapshots = new Snapshots(dataSource);
  }

  find(applicationId: string, atLeast: number): Promise<Dated<ApplicationLimits>> {
    return this.snapshots.read(atLeast, (snapshot) => this.read(applicationId, snapshot));
  }

  reread(applicationId: string, tx: Transaction): Promise<ApplicationLimits> {
    return this.read(applicationId, tx);
  }

  async change(applicationId: string, changes: ApplicationLimitsChanges, tx: Transaction): Promise<void> {
    const { rateLimits, credits } = changes;
    const manager = managerOf(tx);
    const before = await manager.query<{ rate_limits: RateLimit[] }[]>(
      'SELECT rate_limits FROM application_limits WHERE application_id = $1 FOR UPDATE',
      [applicationId],
    );
    await manager.query(
      `INSERT INTO application_limits AS l (application_id, rate_limits, metered)
       VALUES ($1, coalesce($2::jsonb, '[]'), coalesce($3, false))
           ON CONFLICT (application_id) DO UPDATE
              SET rate_limits = coalesce($2::jsonb, l.rate_limits), metered = coalesce($3, l.metered)`,
      [
        applicationId,
        rateLimits === undefined ? null : JSON.stringify(rateLimits),
        credits === undefined ? null : credits !== null,
      ],
    );
    // Whatever it says, the row is written.
    expectProof(tx);
    if (rateLimits !== undefined) {
      const changed = changedFields({ rateLimits: before[0]?.rate_limits ?? [] }, { rateLimits });
      const target = { kind: 'application', id: applicationId } as const;
      if (changed !== null)
        tx.record([{ name: 'ApplicationLimitsChanged', applicationId, target, ...changed }]);
    }
    if (credits !== undefined) {
      await this.balances.put({ kind: 'application', id: applicationId, applicationId }, credits, tx);
    }
  }

  private async read(applicationId: string, snapshot: Snapshot): Promise<ApplicationLimits> {
    const rows = await managerOf(snapshot).query<{ rate_limits: RateLimit[] }[]>(
      'SELECT rate_limits FROM application_limits WHERE application_id = $1',
      [applicationId],
    );
    const balances = await this.balances.findAll([applicationId], snapshot);
    return { rateLimits: rows[0]?.rate_limits ?? [], credits: balances.get(applicationId) ?? null };
  }
}
