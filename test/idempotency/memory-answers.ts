import { AnswerRepository } from '../../src/modules/idempotency/domain/answer.repository.js';
import type { SealedAnswer } from '../../src/modules/idempotency/domain/answer-seal.js';
import { IdempotencyKey } from '../../src/modules/idempotency/domain/idempotency-key.js';
import type { IdempotentRequest } from '../../src/modules/idempotency/domain/idempotent-request.js';
import { actor } from '../support/actors.js';
import type { MemoryUnitOfWork } from '../support/memory-unit-of-work.js';

export class MemoryAnswers extends AnswerRepository {
  readonly rows = new Map<string, SealedAnswer>();
  /** Called before an answer is kept: for what others do in between. */
  meanwhile: () => void = () => undefined;

  constructor(private readonly unitOfWork: MemoryUnitOfWork) {
    super();
  }

  find(id: Buffer): Promise<SealedAnswer | null> {
    return Promise.resolve(this.rows.get(id.toString('hex')) ?? null);
  }

  keep(answer: SealedAnswer): Promise<boolean> {
    this.meanwhile();
    const id = answer.id.toString('hex');
    if (this.rows.has(id)) return Promise.resolve(false);
    this.rows.set(id, answer);
    this.unitOfWork.wrote(() => this.rows.delete(id));
    return Promise.resolve(true);
  }

  purgeExpired(): Promise<number> {
    return Promise.resolve(0);
  }
}

/** A call that may come again, always with the same key. */
export function idempotentCall(body: unknown = {}): IdempotentRequest {
  return {
    key: IdempotencyKey.parse('8e03978e-40d5-43dd-bc93-6894a57f9324')!,
    by: actor('ann'),
    route: 'POST /apikey',
    request: { path: '/apikey', query: {}, body },
  };
}
