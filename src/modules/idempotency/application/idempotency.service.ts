import { Injectable } from '@nestjs/common';
import { DomainError } from '../../../shared/domain-error.js';
import type { Transaction } from '../../../shared/transaction.js';
import { AnswerSeals, type AnswerSeal } from '../domain/answer-seal.js';
import { fingerprintOf, type IdempotentRequest } from '../domain/idempotent-request.js';
import { AnswerRepository } from '../domain/answer.repository.js';

/**
 * To be called as the first thing in the transaction that does the work, with what will be answered once it is
 * committed. There is none for a call without a key, which needs no transaction for it.
 */
export type StoreAnswer<T> = (answer: T, tx: Transaction) => Promise<void>;

export interface AnswerCodec<T> {
  write(answer: T): string;
  read(text: string): T;
}

/** What is sealed. */
interface Kept {
  fingerprint: string;
  answer: string;
}

/** Does what a caller asks for once, however often they ask for it with the same `Idempotency-Key`. */
@Injectable()
export class IdempotencyService {
  constructor(
    private readonly seals: AnswerSeals,
    private readonly answers: AnswerRepository,
  ) {}

  /**
   * What the same call was answered before, or else what `work` answers. A call without a key is done each time.
   * The answer is kept in the transaction of the work itself: after a crash there are both or neither, so whoever
   * did not receive the response asks again. Whether the caller may have it must have been decided before.
   *
   * Throws `idempotency_key_reused` when another request came with this key, and `idempotency_in_progress`.
   */
  async once<T>(
    call: IdempotentRequest | undefined,
    codec: AnswerCodec<T>,
    work: (keep: StoreAnswer<T> | undefined) => Promise<T>,
  ): Promise<T> {
    if (call === undefined) return work(undefined);
    const seal = await this.seals.of(call);
    const fingerprint = fingerprintOf(call);
    const earlier = await this.find(seal);
    if (earlier !== null) return codec.read(answerTo(fingerprint, earlier));

    try {
      return await work(async (answer, tx) => {
        const kept: Kept = { fingerprint, answer: codec.write(answer) };
        const isFirst = await this.answers.keep(seal.close(JSON.stringify(kept)), tx);
        if (!isFirst) throw new AnsweredMeanwhile();
      });
    } catch (error) {
      if (!(error instanceof AnsweredMeanwhile)) throw error;
      const meanwhile = await this.find(seal);
      // Its 24 hours ended in between.
      if (meanwhile === null) throw inProgress();
      return codec.read(answerTo(fingerprint, meanwhile));
    }
  }

  private async find(seal: AnswerSeal): Promise<Kept | null> {
    const found = await this.answers.find(seal.id);
    return found === null ? null : (JSON.parse(seal.open(found)) as Kept);
  }
}

/** Takes the transaction back: another one, which is committed, has answered the same call. */
class AnsweredMeanwhile extends Error {
  override readonly name = 'AnsweredMeanwhile';
}

function answerTo(fingerprint: string, kept: Kept): string {
  if (kept.fingerprint === fingerprint) return kept.answer;
  throw new DomainError(
    'idempotency_key_reused',
    'This Idempotency-Key came with another request: repeat that one exactly, or make up a new key.',
  );
}

export function inProgress(): DomainError {
  return new DomainError(
    'idempotency_in_progress',
    'The first call with this Idempotency-Key is still being answered: repeat this one in a moment.',
    { retryAfter: 1 },
  );
}
