import { Injectable } from '@nestjs/common';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import type { Transaction } from '../../../shared/transaction.js';
import { UnitOfWork } from '../../../shared/unit-of-work.js';
import { AnswerRepository } from '../domain/answer.repository.js';

/** Deletes answers within a minute of their 24 hours' end. One that has run out is not given again in any case. */
@Injectable()
export class ExpiredAnswersPurge extends PeriodicPurge {
  constructor(
    private readonly answers: AnswerRepository,
    unitOfWork: UnitOfWork,
  ) {
    super('answers to idempotent requests', 60_000, unitOfWork);
  }

  protected deleteSome(limit: number, tx: Transaction): Promise<number> {
    return this.answers.purgeExpired(limit, tx);
  }
}
