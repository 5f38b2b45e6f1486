import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ATTEMPTS, MemoryAuth } from '../../../../test/auth/memory-world.js';
import { actor } from '../../../../test/support/actors.js';
import type { User } from '../domain/user.js';

const ORIGIN = { address: '192.0.2.1', requestId: 'a request', userAgent: null };
const TOKEN = /upblit_ot_[A-Za-z0-9_-]{43}/;
const DAY_MS = 24 * 3600_000;

let world: MemoryAuth;
let ann: User;

beforeEach(() => {
  world = new MemoryAuth();
  ann = world.users.has({ id: 'ann', email: 'Ann@example.org', password: 'correct horse' });
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** The token in the last mail. */
async function mailed(): Promise<string> {
  await world.queue.idle();
  return TOKEN.exec(world.mailBox.mails.at(-1)?.text ?? '')?.[0] ?? 'none';
}

describe('A mail for a new password', () => {
  it('holds a token for it, and is sent behind the answer in nobody’s name', async () => {
    world.mails.requestReset(' ANN@example.org', ORIGIN);
    expect(world.mailBox.mails).toEqual([]);
    const token = await mailed();
    expect(world.mailBox.mails).toEqual([
      { to: 'Ann@example.org', subject: 'A new password', text: expect.stringContaining('within 24 hours') },
    ]);
    expect(world.unitOfWork.actors).toEqual([
      { ...ORIGIN, issuer: 'system', subject: 'mail', tokenId: null },
    ]);
    expect(world.events()).toEqual(['PasswordResetIssued']);
    await world.passwordChanges.reset({ token, password: 'battery staple' }, ORIGIN);
  });

  it('leads to the page of the operator', async () => {
    world = new MemoryAuth({ page: 'https://operator.example/account' });
    world.users.has({ id: 'ann', email: 'ann@example.org', password: 'correct horse' });
    world.mails.requestReset('ann@example.org', ORIGIN);
    const token = await mailed();
    expect(world.mailBox.mails[0]?.text).toContain(`\nhttps://operator.example/account#reset=${token}\n`);
  });

  it('is sent to nobody who is unknown, or shut out, with the same answer', async () => {
    world.mails.requestReset('nobody@example.org', ORIGIN);
    world.users.rows.get('ann')?.disable(new Date());
    world.mails.requestReset('ann@example.org', ORIGIN);
    await world.queue.idle();
    expect(world.mailBox.mails).toEqual([]);
    expect(world.tokens.rows).toEqual([]);
    expect(world.queue.counts).toEqual({ done: 2, failed: 0 });
  });

  it('is not asked for more often than one email may be', async () => {
    for (const email of ['ann@example.org', 'nobody@example.org']) {
      for (let i = 0; i < ATTEMPTS; i += 1) world.mails.requestReset(email, ORIGIN);
      expect(() => {
        world.mails.requestReset(email, ORIGIN);
      }).toThrow(expect.objectContaining({ code: 'too_many_requests' }));
    }
    await world.queue.idle();
    expect(world.mailBox.mails).toHaveLength(ATTEMPTS);
  });
});

describe('A mail by which somebody shows that an email is theirs', () => {
  it('holds a token that says so, once', async () => {
    await world.mails.requestVerification(actor('ann'), ORIGIN);
    const token = await mailed();
    expect(world.mailBox.mails).toMatchObject([{ to: 'Ann@example.org', subject: 'Is this your email?' }]);
    expect(world.events()).toEqual(['EmailVerificationIssued']);
    await world.mails.verify(token, ORIGIN);
    expect(world.users.rows.get('ann')?.emailVerifiedAt).toEqual(world.clock.now());
    expect(world.events()).toEqual(['EmailVerified']);
    expect(world.unitOfWork.actors.at(-1)).toEqual({
      ...ORIGIN,
      issuer: 'local',
      subject: 'ann',
      tokenId: null,
    });
    await expect(world.mails.verify(token, ORIGIN)).rejects.toMatchObject({ code: 'invalid_one_time_token' });
  });

  it('is not sent to who has shown it already', async () => {
    world.users.rows.get('ann')?.verifyEmail(new Date());
    await world.mails.requestVerification(actor('ann'), ORIGIN);
    await world.queue.idle();
    expect(world.mailBox.mails).toEqual([]);
  });

  it('is not for the people of another issuer, nor for who is gone', async () => {
    for (const who of [actor('ann', 'https://issuer.example'), actor('nobody')]) {
      await expect(world.mails.requestVerification(who, ORIGIN)).rejects.toMatchObject({
        code: 'user_not_found',
      });
    }
  });

  it('is not asked for more often than one email may be', async () => {
    for (let i = 0; i < ATTEMPTS; i += 1) await world.mails.requestVerification(actor('ann'), ORIGIN);
    await expect(world.mails.requestVerification(actor('ann'), ORIGIN)).rejects.toMatchObject({
      code: 'too_many_requests',
    });
    await world.queue.idle();
  });

  it.each([
    ['is none', () => undefined, 'no token'],
    ['was never sent', () => undefined, `upblit_ot_${'x'.repeat(43)}`],
    [
      'is a day old',
      () => {
        world.clock.advance(DAY_MS);
      },
      undefined,
    ],
    [
      'is of somebody who is gone',
      () => {
        world.users.rows.delete('ann');
      },
      undefined,
    ],
  ])('holds what is good for nothing when it %s', async (_, happens, text) => {
    await world.mails.requestVerification(actor('ann'), ORIGIN);
    const token = text ?? (await mailed());
    await world.queue.idle();
    happens();
    await expect(world.mails.verify(token, ORIGIN)).rejects.toMatchObject({ code: 'invalid_one_time_token' });
  });

  it('holds what verifies no email when it was meant for a new password', async () => {
    world.mails.requestReset('ann@example.org', ORIGIN);
    const token = await mailed();
    await expect(world.mails.verify(token, ORIGIN)).rejects.toMatchObject({ code: 'invalid_one_time_token' });
  });
});

describe('Where no mails are sent', () => {
  beforeEach(() => {
    world.mailBox.isAvailable = false;
  });

  it('nobody can ask for one, and who registers is let in without', async () => {
    expect(world.mails.isAvailable).toBe(false);
    expect(() => {
      world.mails.requestReset('ann@example.org', ORIGIN);
    }).toThrow(expect.objectContaining({ code: 'not_found' }));
    await expect(world.mails.requestVerification(actor('ann'), ORIGIN)).rejects.toMatchObject({
      code: 'not_found',
    });
    world.mails.greet(ann, ORIGIN);
    await world.queue.idle();
    expect(world.mailBox.mails).toEqual([]);
  });
});

it('Who registers while too many mails are waiting is let in without one, which the log tells', async () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  // Two are under way.
  for (let i = 0; i < 1002; i += 1) world.queue.add(() => Promise.resolve());
  world.mails.greet(ann, ORIGIN);
  expect(warn.mock.calls).toEqual([['The email of user ann is not verified: DomainError']]);
  await world.queue.idle();
});
