import { Injectable } from '@nestjs/common';
import { PeriodicPurge } from '../../../infrastructure/database/periodic-purge.js';
import { AnswerRepository } from '../application/answer.repository.js';

/** Deletes answers within a minute of their 24 hours' end. One that has run out is not given again in any case. */
@Injectable()
export class ExpiredAnswersPurge extends PeriodicPurge {
  constructor(private readonly answers: AnswerRepository) {
    super('answers to repeatable calls', 60_000);
  }

  protected deleteSome(limit: number): Promise<number> {
    return this.answers.purgeExpired(limit);
  }
}
