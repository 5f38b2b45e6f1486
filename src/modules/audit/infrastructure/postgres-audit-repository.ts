import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Snapshots } from '../../../infrastructure/database/snapshots.js';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { PageRequest } from '../../../shared/page.js';
import type { Transaction } from '../../../shared/transaction.js';
import type { Dated } from '../../freshness/index.js';
import type { AuditEntry, AuditEvent } from '../domain/audit-entry.js';
import {
  AuditRepository,
  type AuditFilter,
  type AuditHead,
  type StoredCheckpoint,
  type Unsealed,
} from '../domain/audit.repository.js';

/** Events that may go without a checkpoint, and for how long. */
const UNSEALED_EVENTS = 1000;
const UNSEALED_FOR = `interval '1 hour'`;

/**
 * PostgreSQL's bigint as pg has it is text; these numbers are small enough for JavaScript. To sort by what is called `seq`
 * here would be to sort by what no index has.
 */
const ENTRY = `
  chain, seq::float8 AS seq, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time, event::text,
  encode(previous, 'hex') AS previous, encode(hash, 'hex') AS hash`;

const HEAD = `chain, seq::float8 AS seq, encode(hash, 'hex') AS hash`;

const HEAD_OF_CHAIN = `SELECT ${HEAD} FROM audit_events WHERE chain = $1 ORDER BY audit_events.seq DESC LIMIT 1`;

type Row = Omit<AuditEntry, 'event'> & { event: string };

@Injectable()
export class PostgresAuditRepository extends AuditRepository {
  private readonly snapshots: Snapshots;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
    this.snapshots = new Snapshots(dataSource);
  }

  list(chain: string, filter: AuditFilter, page: PageRequest, atLeast: number): Promise<Dated<AuditEntry[]>> {
    const values: unknown[] = [chain];
    const conditions = ['chain = $1'];
    const and = (condition: string, value: unknown): void => {
      if (value === undefined) return;
      values.push(value);
      conditions.push(condition.replace('?', `$${values.length}`));
    };
    and('seq < ?', page.before);
    and(`event #>> '{target,id}' = ?`, filter.target);
    and(`event #>> '{actor,subject}' = ?`, filter.actor);
    and(`event ->> 'action' = ?`, filter.action);
    and('at >= ?', filter.from);
    and('at < ?', filter.to);
    const select = `SELECT ${ENTRY} FROM audit_events WHERE ${conditions.join(' AND ')}
      ORDER BY audit_events.seq DESC LIMIT ${page.limit + 1}`;
    return this.snapshots.latest(atLeast, async (snapshot) =>
      (await managerOf(snapshot).query<Row[]>(select, values)).map(toEntry),
    );
  }

  async entries(
    chain: string,
    { after, until }: { after: number; until: number },
    limit: number,
  ): Promise<AuditEntry[]> {
    const rows: Row[] = await this.dataSource.query(
      `SELECT ${ENTRY} FROM audit_events WHERE chain = $1 AND seq > $2 AND seq <= $3
        ORDER BY audit_events.seq LIMIT $4`,
      [chain, after, until, limit],
    );
    return rows.map(toEntry);
  }

  checkpoints(
    chain: string,
    { after, until }: { after: number; until: number },
  ): Promise<StoredCheckpoint[]> {
    return this.dataSource.query(
      `SELECT seq::float8 AS seq, jws FROM audit_checkpoints
        WHERE chain = $1 AND seq > $2 AND seq <= $3 ORDER BY audit_checkpoints.seq`,
      [chain, after, until],
    );
  }

  async head(chain: string): Promise<AuditHead | null> {
    const [head]: AuditHead[] = await this.dataSource.query(HEAD_OF_CHAIN, [chain]);
    return head ?? null;
  }

  latestHead(chain: string, atLeast: number): Promise<Dated<AuditHead | null>> {
    return this.snapshots.latest(atLeast, async (snapshot) => {
      const [head] = await managerOf(snapshot).query<AuditHead[]>(HEAD_OF_CHAIN, [chain]);
      return head ?? null;
    });
  }

  async chains(after: string, limit: number): Promise<string[]> {
    // Looks each chain up by the one before it: a DISTINCT would read every event.
    const rows: { chain: string }[] = await this.dataSource.query(
      `WITH RECURSIVE chains (chain, place) AS (
         SELECT next_chain.chain, 1 FROM (${nextChain('$1')}) next_chain
         UNION ALL
         SELECT (SELECT next_chain.chain FROM (${nextChain('chains.chain')}) next_chain), place + 1
           FROM chains WHERE chains.chain IS NOT NULL AND place <= $2
       )
       SELECT chain FROM chains WHERE chain IS NOT NULL ORDER BY place LIMIT $2`,
      [after, limit],
    );
    return rows.map(({ chain }) => chain);
  }

  unsealed(limit: number): Promise<AuditHead[]> {
    // A clock that was set back makes what is unsealed look newer than it is.
    return this.dataSource.query(
      `SELECT head.* FROM audit_unsealed unsealed CROSS JOIN LATERAL (
           SELECT ${HEAD} FROM audit_events WHERE chain = unsealed.chain
            ORDER BY audit_events.seq DESC LIMIT 1
         ) head
        WHERE unsealed.since NOT BETWEEN now() - ${UNSEALED_FOR} AND now() + interval '1 minute'
           OR head.seq - unsealed.seq >= ${UNSEALED_EVENTS - 1}
        LIMIT $1`,
      [limit],
    );
  }

  async unsealedNow(): Promise<Unsealed> {
    // A clock that was set back makes events look younger than they are.
    const [unsealed]: Unsealed[] = await this.dataSource.query(
      `SELECT coalesce(sum(head.seq - unsealed.seq + 1), 0)::float8 AS events,
              coalesce(greatest(extract(epoch FROM now() - min(unsealed.since)), 0), 0)::float8 AS "oldestSeconds"
         FROM audit_unsealed unsealed CROSS JOIN LATERAL (
           SELECT seq FROM audit_events WHERE chain = unsealed.chain ORDER BY audit_events.seq DESC LIMIT 1
         ) head`,
    );
    return unsealed ?? { events: 0, oldestSeconds: 0 };
  }

  async seal({ chain, seq, hash }: AuditHead, jws: string): Promise<boolean> {
    const [row]: { isNew: boolean }[] = await this.dataSource.query(
      `SELECT seal_audit_chain($1, $2, decode($3, 'hex'), $4) AS "isNew"`,
      [chain, seq, hash, jws],
    );
    return row?.isNew === true;
  }

  async lastSealedBefore(chain: string, time: Date): Promise<AuditHead | null> {
    const [head]: AuditHead[] = await this.dataSource.query(
      `SELECT ${HEAD} FROM audit_events JOIN audit_checkpoints USING (chain, seq)
        WHERE chain = $1
          AND seq < least((SELECT min(seq) FROM audit_events WHERE chain = $1 AND at >= $2),
                          (SELECT max(seq) FROM audit_events WHERE chain = $1))
        ORDER BY audit_events.seq DESC LIMIT 1`,
      [chain, time],
    );
    return head ?? null;
  }

  async prune(chain: string, until: number, tx: Transaction): Promise<number> {
    const [row] = await managerOf(tx).query<{ deleted: number }[]>(
      'SELECT prune_audit_chain($1, $2)::float8 AS deleted',
      [chain, until],
    );
    return row?.deleted ?? 0;
  }
}

/** The next chain after one, of those that have events or only checkpoints. */
function nextChain(after: string): string {
  return `SELECT chain FROM (
      (SELECT chain FROM audit_events WHERE chain > ${after} ORDER BY chain LIMIT 1)
      UNION ALL (SELECT chain FROM audit_checkpoints WHERE chain > ${after} ORDER BY chain LIMIT 1)
    ) of_either ORDER BY chain LIMIT 1`;
}

function toEntry({ event, ...row }: Row): AuditEntry {
  return { ...row, event: JSON.parse(event) as AuditEvent };
}
