import { beforeAll, describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { AnswerSeals, type AnswerSeal, type SealedAnswer } from './answer-seal.js';
import { IdempotencyKey } from './idempotency-key.js';
import type { IdempotentRequest } from './idempotent-request.js';

const OLD = { version: 1, key: Buffer.alloc(32, 1) };
const NEW = { version: 2, key: Buffer.alloc(32, 2) };
const KEY = '8e03978e-40d5-43dd-bc93-6894a57f9324';

function call(more: Partial<Omit<IdempotentRequest, 'key'>> & { key?: string } = {}): IdempotentRequest {
  return {
    by: { issuer: 'local', subject: 'ann' },
    route: 'POST /apikey',
    request: { path: '/apikey', query: {}, body: undefined },
    ...more,
    key: IdempotencyKey.parse(more.key ?? KEY)!,
  };
}

describe('AnswerSeals', () => {
  const seals = new AnswerSeals([OLD]);
  let seal: AnswerSeal;
  let answer: SealedAnswer;

  beforeAll(async () => {
    seal = await seals.of(call());
    answer = seal.close('the answer: ä');
  });

  it('open with the same key, caller, route and pepper, in another process too', async () => {
    const again = await new AnswerSeals([OLD]).of(call());
    expect(again.id).toEqual(answer.id);
    expect(again.open(answer)).toBe('the answer: ä');
  });

  it('find and open what an earlier version of the service has closed', async () => {
    const closed = {
      id: Buffer.from('hs9g15n3S01FcJtcYEjC6vHfjfkcqpVjBlVpHNN6Kio', 'base64url'),
      sealed: Buffer.from(
        '4UkEOwWK7tq3Gzq80TKR19umV6pkx7vTPth2xVM27Wpso4hGuTUJ-G8uShuWOegfBMJsVESmU3uOnQ',
        'base64url',
      ),
      pepperVersion: 1,
    };
    const again = await seals.of(call());
    expect(again.id).toEqual(closed.id);
    expect(again.open(closed)).toBe('the answer: ä');
  });

  it.each([
    ['another key', call({ key: `${KEY}.` })],
    ['another person', call({ by: { issuer: 'local', subject: 'ben' } })],
    ['the same subject of another issuer', call({ by: { issuer: 'https://a.example', subject: 'ann' } })],
    ['another route', call({ route: 'POST /apikey/:id/rotate' })],
  ])('neither find nor open anything with %s', async (_, other) => {
    const wrong = await seals.of(other);
    expect(wrong.id).not.toEqual(answer.id);
    expect(() => wrong.open(answer)).toThrow();
  });

  it('do not open with another pepper of the same version', async () => {
    const wrong = await new AnswerSeals([{ ...OLD, key: NEW.key }]).of(call());
    expect(() => wrong.open(answer)).toThrow();
  });

  it('find what a node with a newer pepper has closed, and do not take it for missing', async () => {
    const ahead = await new AnswerSeals([OLD, NEW], NEW.version).of(call());
    expect(ahead.open(answer)).toBe('the answer: ä');
    const next = ahead.close('next');
    expect(next.id).toEqual(answer.id);
    expect((await new AnswerSeals([NEW]).of(call())).open(next)).toBe('next');
    expect(() => seal.open(next)).toThrow(
      expect.objectContaining({
        code: 'service_unavailable',
        detail: expect.stringContaining('newer pepper'),
        details: { retryAfter: 60 },
      }),
    );
  });

  it('can be made without a pepper, and then close nothing', async () => {
    const bare = await new AnswerSeals([]).of(call());
    expect(() => bare.close('the answer')).toThrow(expect.objectContaining({ code: 'service_unavailable' }));
  });

  it('close the same answer differently each time, under a key of its own', () => {
    const again = seal.close('the answer: ä');
    expect(again.sealed.equals(answer.sealed)).toBe(false);
    expect(again.sealed.subarray(0, 28).equals(answer.sealed.subarray(0, 28))).toBe(false);
  });

  it('notice every changed byte', () => {
    for (let at = 0; at < answer.sealed.length; at++) {
      const sealed = Buffer.from(answer.sealed);
      sealed[at]! ^= 1;
      expect(() => seal.open({ ...answer, sealed })).toThrow();
    }
    expect(() => seal.open({ ...answer, sealed: answer.sealed.subarray(0, -1) })).toThrow();
  });

  it('leave the event loop free while they are made', async () => {
    const done = new AbortController();
    const making = seals.of(call({ key: 'another-key' })).finally(() => {
      done.abort();
    });
    let turns = 0;
    for (; !done.signal.aborted; turns += 1) await setImmediate();
    await making;
    expect(turns).toBeGreaterThan(20);
  });

  it('show nothing of the key when the call is printed', () => {
    for (const printed of [inspect(call(), { depth: 9 }), JSON.stringify(call()), String(call().key)]) {
      expect(printed).not.toContain(KEY.slice(0, 8));
      expect(printed).toContain('[IdempotencyKey]');
    }
  });
});
