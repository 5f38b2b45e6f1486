import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { managerOf } from '../../../infrastructure/database/transaction.js';
import type { Transaction } from '../../../shared/transaction.js';
import { AnswerRepository } from '../domain/answer.repository.js';
import type { SealedAnswer } from '../domain/answer-seal.js';
import { inProgress } from '../application/idempotency.service.js';

/** SQLSTATE of a lock time-out. */
const LOCK_NOT_AVAILABLE = '55P03';

@Injectable()
export class PostgresAnswerRepository extends AnswerRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  async find(id: Buffer): Promise<SealedAnswer | null> {
    const rows: SealedAnswer[] = await this.dataSource.query(
      `SELECT id, sealed, pepper_version AS "pepperVersion" FROM idempotent_answers
        WHERE id = $1 AND expires_at > now()`,
      [id],
    );
    return rows[0] ?? null;
  }

  async keep({ id, sealed, pepperVersion }: SealedAnswer, tx: Transaction): Promise<boolean> {
    const manager = managerOf(tx);
    try {
      // The unique id makes the second of two transactions wait for the first to end. An answer that has run out
      // and is not purged yet makes room.
      const kept: unknown[] = await manager.query(
        `WITH patience AS (SELECT set_config('lock_timeout', '2s', true))
         INSERT INTO idempotent_answers AS answer (id, sealed, pepper_version, expires_at)
           SELECT $1::bytea, $2::bytea, $3::smallint, now() + interval '24 hours' FROM patience
           ON CONFLICT (id) DO UPDATE
             SET sealed = excluded.sealed, pepper_version = excluded.pepper_version, expires_at = excluded.expires_at
             WHERE answer.expires_at <= now()
           RETURNING true`,
        [id, sealed, pepperVersion],
      );
      await manager.query('SET LOCAL lock_timeout TO DEFAULT');
      return kept.length === 1;
    } catch (error) {
      if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) throw inProgress();
      throw error;
    }
  }

  async purgeExpired(limit: number, tx: Transaction): Promise<number> {
    const [, deleted]: [unknown, number] = await managerOf(tx).query(
      `DELETE FROM idempotent_answers
        WHERE id IN (SELECT id FROM idempotent_answers WHERE expires_at <= now()
                      ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return deleted;
  }
}
