import { beforeEach, describe, expect, it } from '@jest/globals';
import { idempotentCall, MemoryAnswers } from '../../../../test/idempotency/memory-answers.js';
import { actor } from '../../../../test/support/actors.js';
import { MemoryUnitOfWork } from '../../../../test/support/memory-unit-of-work.js';
import { AnswerSeals } from '../domain/answer-seal.js';
import type { IdempotentRequest } from '../domain/idempotent-request.js';
import { IdempotencyService, inProgress } from './idempotency.service.js';

const CODEC = { write: (answer: { id: string }) => answer.id, read: (id: string) => ({ id }) };

let unitOfWork: MemoryUnitOfWork;
let answers: MemoryAnswers;
let service: IdempotencyService;
let done: string[];

beforeEach(() => {
  unitOfWork = new MemoryUnitOfWork();
  answers = new MemoryAnswers(unitOfWork);
  service = new IdempotencyService(new AnswerSeals([{ version: 1, key: Buffer.alloc(32, 1) }]), answers);
  done = [];
});

/** Does something that has another answer each time, in a transaction which it can be taken back with. */
function doOnce(request: IdempotentRequest | undefined, answer: string): Promise<{ id: string }> {
  return service.once(request, CODEC, async (keep) => {
    const { value } = await unitOfWork.run(actor('ann'), async (tx) => {
      await keep?.({ id: answer }, tx);
      done.push(answer);
      return { id: answer };
    });
    return value;
  });
}

describe('A call with an Idempotency-Key', () => {
  it('is done once, and answered the same again', async () => {
    expect(await doOnce(idempotentCall(), 'one')).toEqual({ id: 'one' });
    expect(await doOnce(idempotentCall(), 'two')).toEqual({ id: 'one' });
    expect(done).toEqual(['one']);
  });

  it('is refused when it comes with another request', async () => {
    await doOnce(idempotentCall({ name: 'a' }), 'one');
    await expect(doOnce(idempotentCall({ name: 'b' }), 'two')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    expect(done).toEqual(['one']);
  });

  it.each([
    ['is answered as', {}, undefined],
    ['is refused when it is another request than', { name: 'other' }, 'idempotency_key_reused'],
  ])('%s the other one of two that come at once, and takes its own work back', async (_, body, code) => {
    await doOnce(idempotentCall(body), 'other');
    const [[id, other] = []] = answers.rows;
    answers.rows.clear();
    answers.meanwhile = () => answers.rows.set(id!, other!);
    const answer = await doOnce(idempotentCall(), 'one').catch((error: unknown) => error);
    expect(answer).toMatchObject(code === undefined ? { id: 'other' } : { code });
    expect(done).toEqual(['other']);
  });

  it('has to come again when the answer of the other one has run out in between', async () => {
    answers.keep = () => Promise.resolve(false);
    await expect(doOnce(idempotentCall(), 'one')).rejects.toMatchObject({
      code: 'idempotency_in_progress',
      details: { retryAfter: 1 },
    });
    expect(inProgress().code).toBe('idempotency_in_progress');
    expect(done).toEqual([]);
  });

  it('leaves no answer when its work fails, and is done when it comes again', async () => {
    const failing = service.once(idempotentCall(), CODEC, async (keep) => {
      await unitOfWork.run(actor('ann'), async (tx) => {
        await keep?.({ id: 'one' }, tx);
        throw new Error('no room');
      });
      return { id: 'one' };
    });
    await expect(failing).rejects.toThrow('no room');
    expect(await doOnce(idempotentCall(), 'two')).toEqual({ id: 'two' });
  });
});

describe('A call without one', () => {
  it('is done each time, and nothing of it is kept', async () => {
    await doOnce(undefined, 'one');
    await doOnce(undefined, 'two');
    expect(done).toEqual(['one', 'two']);
    expect(answers.rows.size).toBe(0);
  });
});
