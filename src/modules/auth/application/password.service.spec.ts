import { beforeEach, describe, expect, it } from '@jest/globals';
import { ATTEMPTS, MemoryAuth } from '../../../../test/auth/memory-world.js';
import { actor } from '../../../../test/support/actors.js';

const ORIGIN = { address: '192.0.2.1', requestId: 'a request', userAgent: null };
const GIVEN = { currentPassword: 'correct horse', newPassword: 'battery staple' };
const DAY_MS = 24 * 3600_000;

let world: MemoryAuth;

beforeEach(() => {
  world = new MemoryAuth();
  world.users.has({ id: 'ann', email: 'ann@example.org', password: 'correct horse' });
  for (const id of ['this session', 'another session']) world.families.has(id, 'ann');
  world.families.has('of bob', 'bob');
});

function change(given = GIVEN, sessionId: string | null = 'this session', who = actor('ann')): Promise<void> {
  return world.passwordChanges.change(who, sessionId, given, ORIGIN);
}

function hash(): string | undefined {
  return world.users.rows.get('ann')?.passwordHash;
}

/** The token of a mail or of the operator, for a new password. */
async function resetToken(): Promise<string> {
  const token = await world.administration.issueReset(actor('operator', 'system'), 'ann@example.org');
  world.events();
  return token.reveal();
}

describe('Changing the password', () => {
  it('takes the new one, and ends all other sessions on every node before the answer', async () => {
    await resetToken();
    await change();
    expect(hash()).toBe('hash of battery staple');
    expect(world.families.ids).toEqual(['this session', 'of bob']);
    expect(world.events()).toEqual(['PasswordChanged']);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
    // What could set another password is good no more.
    expect(world.tokens.rows).toEqual([]);
  });

  it('ends them all when the token names none', async () => {
    await change(GIVEN, null);
    expect(world.families.ids).toEqual(['of bob']);
  });

  it('needs the one there is, and waits before it says that it is wrong, as it may repeat a call', async () => {
    await expect(change({ ...GIVEN, currentPassword: 'wrong' })).rejects.toMatchObject({
      code: 'wrong_password',
      details: { errors: [{ field: 'currentPassword' }] },
    });
    expect(world.freshness.awaited).toEqual([null]);
    expect(world.families.ids).toHaveLength(3);
  });

  it('bounds the guesses as a login does, and counts none of who knows it', async () => {
    for (let i = 0; i < 2 * ATTEMPTS; i += 1) {
      await change({ currentPassword: GIVEN.currentPassword, newPassword: GIVEN.currentPassword });
    }
    for (let i = 0; i < ATTEMPTS; i += 1) {
      await expect(change({ ...GIVEN, currentPassword: 'wrong' })).rejects.toMatchObject({
        code: 'wrong_password',
      });
    }
    await expect(change()).rejects.toMatchObject({ code: 'too_many_requests' });
  });

  it('names the field of a password that is guessed first', async () => {
    await expect(change({ ...GIVEN, newPassword: 'weak 12345' })).rejects.toMatchObject({
      code: 'weak_password',
      details: { errors: [{ field: 'newPassword' }] },
    });
    expect(hash()).toBe('hash of correct horse');
  });

  it('is refused when the session of the access token has ended, and changes nothing', async () => {
    await expect(change(GIVEN, 'ended session')).rejects.toMatchObject({ code: 'invalid_token' });
    expect(hash()).toBe('hash of correct horse');
    expect(world.families.ids).toHaveLength(3);
  });

  it('is not for the people of another issuer, nor for who is gone', async () => {
    await expect(change(GIVEN, null, actor('ann', 'https://issuer.example'))).rejects.toMatchObject({
      code: 'user_not_found',
    });
    await expect(change(GIVEN, null, actor('nobody'))).rejects.toMatchObject({ code: 'invalid_token' });
    world.users.meanwhile = () => world.users.rows.delete('ann');
    await expect(change()).rejects.toMatchObject({ code: 'invalid_token' });
  });

  it('compares again when the password became another one meanwhile', async () => {
    world.users.meanwhile = () => {
      world.users.rows.get('ann')!.passwordHash = 'hash of a third one';
    };
    await expect(change()).rejects.toMatchObject({ code: 'wrong_password' });
    expect(hash()).toBe('hash of a third one');
  });
});

describe('A token for a new password', () => {
  it('sets it once, and ends every session on every node before the answer', async () => {
    const [token, another] = [await resetToken(), await resetToken()];
    await world.passwordChanges.reset({ token, password: 'battery staple' }, ORIGIN);
    expect(hash()).toBe('hash of battery staple');
    expect(world.families.ids).toEqual(['of bob']);
    expect(world.events()).toEqual(['PasswordReset']);
    expect(world.unitOfWork.actors.at(-1)).toEqual({
      ...ORIGIN,
      issuer: 'local',
      subject: 'ann',
      tokenId: null,
    });
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
    for (const spent of [token, another]) {
      await expect(
        world.passwordChanges.reset({ token: spent, password: 'another staple' }, ORIGIN),
      ).rejects.toMatchObject({ code: 'invalid_one_time_token' });
    }
    expect(world.freshness.awaited.slice(1)).toEqual([null, null]);
  });

  it('stays good when the password is guessed first', async () => {
    const token = await resetToken();
    await expect(
      world.passwordChanges.reset({ token, password: 'weak 12345' }, ORIGIN),
    ).rejects.toMatchObject({ code: 'weak_password', details: { errors: [{ field: 'password' }] } });
    await world.passwordChanges.reset({ token, password: 'battery staple' }, ORIGIN);
  });

  it.each([
    ['is none', () => undefined, 'no token'],
    ['was never issued', () => undefined, `upblit_ot_${'x'.repeat(43)}`],
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
    [
      'is of somebody who goes meanwhile',
      () => {
        world.users.meanwhile = () => world.users.rows.delete('ann');
      },
      undefined,
    ],
    [
      'is spent meanwhile',
      () => {
        world.users.meanwhile = () => (world.tokens.rows = []);
      },
      undefined,
    ],
  ])('is good for nothing when it %s', async (_, happens, text) => {
    const token = text ?? (await resetToken());
    happens();
    await expect(
      world.passwordChanges.reset({ token, password: 'battery staple' }, ORIGIN),
    ).rejects.toMatchObject({ code: 'invalid_one_time_token' });
    expect(hash() ?? 'hash of correct horse').toBe('hash of correct horse');
    expect(world.families.ids).toHaveLength(3);
  });

  it('is good for nothing else: an invitation sets no password', async () => {
    const operator = actor('operator', 'system');
    const token = (await world.administration.invite(operator, 'carl@example.org')).reveal();
    await expect(
      world.passwordChanges.reset({ token, password: 'battery staple' }, ORIGIN),
    ).rejects.toMatchObject({ code: 'invalid_one_time_token' });
  });
});
