import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { ATTEMPTS, MemoryAuth } from '../../../../test/auth/memory-world.js';
import { MAX_SESSIONS } from '../domain/refresh-token-family.js';

const ORIGIN = { address: '192.0.2.1', requestId: 'a request', userAgent: 'a browser' };
const ANN = { email: 'Ann@example.org', password: 'correct horse' };
const DAY_MS = 24 * 3600_000;

let world: MemoryAuth;

beforeEach(() => {
  world = new MemoryAuth();
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('Registering', () => {
  it('signs in whoever registers, with every scope, and greets them', async () => {
    const signedIn = await world.auth.register({ ...ANN, name: 'Ann' }, ORIGIN);
    expect(signedIn).toMatchObject({
      user: { email: 'Ann@example.org', normalizedEmail: 'ann@example.org', name: 'Ann' },
      accessToken: `access of ${world.families.ids[0]}`,
      expiresIn: 900,
      scopes: expect.arrayContaining(['applications:read', 'apikeys:write', 'audit:read']),
    });
    await world.queue.idle();
    expect(world.events()).toEqual(['UserRegistered', 'SignedIn', 'EmailVerificationIssued']);
    expect(world.unitOfWork.actors[0]).toEqual({
      ...ORIGIN,
      issuer: 'local',
      subject: signedIn.user.id,
      tokenId: null,
    });
    expect(world.mailBox.mails).toMatchObject([{ to: 'Ann@example.org' }]);
    expect((await world.auth.refresh(signedIn.refreshToken.reveal(), ORIGIN)).user.id).toBe(signedIn.user.id);
  });

  it('takes no name for none', async () => {
    expect((await world.auth.register(ANN, ORIGIN)).user.name).toBeNull();
  });

  it('refuses an email that is taken, and passwords that are guessed first, and leaves nothing behind', async () => {
    await world.auth.register(ANN, ORIGIN);
    await expect(world.auth.register(ANN, ORIGIN)).rejects.toMatchObject({ code: 'email_taken' });
    expect(world.families.ids).toHaveLength(1);
    const bob = { email: 'bob@example.org', password: 'bob 12345' };
    await expect(world.auth.register(bob, ORIGIN)).rejects.toMatchObject({
      code: 'weak_password',
      details: { errors: [{ field: 'password' }] },
    });
    expect(world.users.rows.size).toBe(1);
  });

  it('bounds how often one email is tried', async () => {
    await world.auth.register(ANN, ORIGIN);
    for (let i = 1; i < ATTEMPTS; i += 1) {
      await expect(world.auth.register(ANN, ORIGIN)).rejects.toMatchObject({ code: 'email_taken' });
    }
    await expect(world.auth.register(ANN, ORIGIN)).rejects.toMatchObject({ code: 'too_many_requests' });
  });

  it('recognizes the address from then on: others who guess do not keep its person out', async () => {
    await world.auth.register(ANN, ORIGIN);
    expect(world.limiter.partyOf('ann@example.org', ORIGIN.address).isKnown).toBe(true);
    const elsewhere = { ...ORIGIN, address: '203.0.113.9' };
    for (let i = 0; i <= ATTEMPTS; i += 1) {
      await world.auth.login({ ...ANN, password: 'a guess' }, elsewhere).catch(() => undefined);
    }
    expect((await world.auth.login(ANN, ORIGIN)).user.email).toBe(ANN.email);
  });

  describe('where an invitation is needed', () => {
    beforeEach(() => {
      world = new MemoryAuth({ needsInvitation: true });
    });

    async function invited(email: string): Promise<string> {
      const operator = { ...ORIGIN, issuer: 'system', subject: 'operator', tokenId: null };
      const secret = await world.administration.invite(operator, email);
      world.events();
      return secret.reveal();
    }

    it('refuses who has none', async () => {
      await expect(world.auth.register(ANN, ORIGIN)).rejects.toMatchObject({ code: 'invitation_required' });
    });

    it('lets in whom it was made for, once, however often others have tried the email', async () => {
      const invitation = await invited(' ANN@example.org');
      for (let i = 0; i <= ATTEMPTS; i += 1) await world.auth.register(ANN, ORIGIN).catch(() => undefined);
      await world.auth.register({ ...ANN, invitation }, ORIGIN);
      expect(world.events().slice(0, 3)).toEqual(['UserRegistered', 'InvitationAccepted', 'SignedIn']);
      await expect(world.auth.register({ ...ANN, invitation }, ORIGIN)).rejects.toMatchObject({
        code: 'invalid_one_time_token',
      });
    });

    it('refuses one that is of somebody else, of the past, or none at all', async () => {
      const invitation = await invited('bob@example.org');
      for (const shown of [invitation, 'no token', invitation.replace(/.$/, '?')]) {
        await expect(world.auth.register({ ...ANN, invitation: shown }, ORIGIN)).rejects.toMatchObject({
          code: 'invalid_one_time_token',
        });
      }
      world.clock.advance(DAY_MS);
      const bob = { email: 'bob@example.org', password: 'correct horse', invitation };
      await expect(world.auth.register(bob, ORIGIN)).rejects.toMatchObject({
        code: 'invalid_one_time_token',
      });
    });
  });

  it('needs none where everybody may register, and takes one all the same', async () => {
    const operator = { ...ORIGIN, issuer: 'system', subject: 'operator', tokenId: null };
    const invitation = (await world.administration.invite(operator, ANN.email)).reveal();
    await world.auth.register({ ...ANN, invitation }, ORIGIN);
    expect(world.tokens.rows.map(({ purpose }) => purpose)).not.toContain('invitation');
  });
});

describe('Logging in', () => {
  beforeEach(() => {
    world.users.has({ id: 'ann', ...ANN });
  });

  it('gives the scopes that were asked for, and changes nothing but that there is a session', async () => {
    const signedIn = await world.auth.login(
      { ...ANN, email: ' ann@EXAMPLE.org ', scope: 'apikeys:read' },
      ORIGIN,
    );
    expect(signedIn).toMatchObject({ user: { id: 'ann' }, scopes: ['apikeys:read'] });
    expect(world.events()).toEqual(['SignedIn']);
    // Nothing that a node may remember has changed.
    expect(world.freshness.awaited).toEqual([]);
  });

  it('refuses a wrong password and an unknown email with the same answer, after the same work', async () => {
    const answers = [];
    for (const details of [
      { ...ANN, password: 'wrong' },
      { ...ANN, email: 'nobody@example.org' },
    ]) {
      answers.push(await world.auth.login(details, ORIGIN).catch((error: unknown) => error));
    }
    expect(answers).toMatchObject([{ code: 'invalid_credentials' }, { code: 'invalid_credentials' }]);
    expect(world.passwords.verified).toEqual([
      { text: 'hash of correct horse', pepperVersion: 1 },
      undefined,
    ]);
    expect(world.families.ids).toEqual([]);
  });

  it('refuses scopes that there are not, before it counts an attempt', async () => {
    for (let i = 0; i <= ATTEMPTS; i += 1) {
      await expect(world.auth.login({ ...ANN, scope: 'everything' }, ORIGIN)).rejects.toMatchObject({
        code: 'invalid_scope',
      });
    }
    await world.auth.login(ANN, ORIGIN);
  });

  it('bounds the guesses at one account, and counts nothing of who knows the password', async () => {
    for (let i = 0; i < 2 * ATTEMPTS; i += 1) await world.auth.login(ANN, ORIGIN);
    const guess = { ...ANN, password: 'wrong' };
    for (let i = 0; i < ATTEMPTS; i += 1) {
      await expect(world.auth.login(guess, ORIGIN)).rejects.toMatchObject({ code: 'invalid_credentials' });
    }
    await expect(world.auth.login(ANN, ORIGIN)).rejects.toMatchObject({ code: 'too_many_requests' });
  });

  it('tells nobody but who knows the password that an account is disabled', async () => {
    const user = world.users.rows.get('ann');
    user?.disable(new Date());
    await expect(world.auth.login({ ...ANN, password: 'wrong' }, ORIGIN)).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await expect(world.auth.login(ANN, ORIGIN)).rejects.toMatchObject({ code: 'account_disabled' });
    expect(world.families.ids).toEqual([]);
  });

  it('refuses an account that is disabled while the password is compared', async () => {
    world.users.meanwhile = () => world.users.rows.get('ann')?.disable(new Date());
    await expect(world.auth.login(ANN, ORIGIN)).rejects.toMatchObject({ code: 'account_disabled' });
    expect(world.families.ids).toEqual([]);
  });

  it.each([
    ['changed', 'hash of another', 'invalid_credentials'],
    ['hashed anew', 'hash of correct horse renewed', undefined],
  ])('compares again when the password is %s meanwhile', async (_, hash, code) => {
    world.users.meanwhile = () => {
      const row = world.users.rows.get('ann');
      if (row !== undefined) row.passwordHash = hash;
    };
    const answer = await world.auth.login(ANN, ORIGIN).catch((error: unknown) => error);
    expect((answer as { code?: string }).code).toBe(code);
    expect(world.families.ids).toHaveLength(code === undefined ? 1 : 0);
  });

  it('refuses an account that is deleted meanwhile', async () => {
    world.users.meanwhile = () => world.users.rows.delete('ann');
    await expect(world.auth.login(ANN, ORIGIN)).rejects.toMatchObject({ code: 'invalid_credentials' });
  });

  it('hashes the password anew when its hash is of an older kind, and not else', async () => {
    await world.auth.login(ANN, ORIGIN);
    expect(world.users.rows.get('ann')?.password).toEqual({
      text: 'hash of correct horse',
      pepperVersion: 1,
    });
    world.passwords.pepperVersion = 2;
    await world.auth.login(ANN, ORIGIN);
    expect(world.users.rows.get('ann')?.password).toEqual({
      text: 'hash of correct horse renewed',
      pepperVersion: 2,
    });
  });

  it('ends the oldest session when there are too many, and answers when no node takes it any more', async () => {
    for (let i = 0; i < MAX_SESSIONS; i += 1) world.families.has(`session ${i}`, 'ann');
    world.families.has('of somebody else', 'bob');
    await world.auth.login(ANN, ORIGIN);
    expect(world.families.ids).toHaveLength(MAX_SESSIONS + 1);
    expect(world.families.ids.slice(0, 2)).toEqual(['session 1', 'session 2']);
    expect(world.freshness.awaited).toEqual([1]);
  });
});

describe('A refresh token', () => {
  it('is exchanged for another one of the same session, which is not prolonged', async () => {
    world.users.has({ id: 'ann', ...ANN });
    const first = await world.auth.login({ ...ANN, scope: 'apikeys:read' }, ORIGIN);
    world.events();
    const second = await world.auth.refresh(first.refreshToken.reveal(), ORIGIN);
    expect(second).toMatchObject({ user: { id: 'ann' }, scopes: ['apikeys:read'], expiresIn: 900 });
    expect(second.accessToken).toBe(first.accessToken);
    expect(second.refreshToken.reveal()).not.toBe(first.refreshToken.reveal());
    expect(world.events()).toEqual(['SessionRefreshed']);
    expect(world.freshness.awaited).toEqual([]);
  });

  it('ends its session when it is shown again, on every node before the answer, which the log tells', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    world.users.has({ id: 'ann', ...ANN });
    const { refreshToken } = await world.auth.login(ANN, ORIGIN);
    const { refreshToken: second } = await world.auth.refresh(refreshToken.reveal(), ORIGIN);
    world.freshness.awaited.length = 0;
    await expect(world.auth.refresh(refreshToken.reveal(), ORIGIN)).rejects.toMatchObject({
      code: 'invalid_refresh_token',
    });
    expect(world.families.ids).toEqual([]);
    expect(world.freshness.awaited[0]).toEqual(expect.any(Number));
    expect(warn.mock.calls).toEqual([
      ['A spent refresh token of user ann was shown again: that login is ended'],
    ]);
    await expect(world.auth.refresh(second.reveal(), ORIGIN)).rejects.toMatchObject({
      code: 'invalid_refresh_token',
    });
  });

  it('is refused after the end of its session, which no replay is', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    world.users.has({ id: 'ann', ...ANN });
    const { refreshToken } = await world.auth.login(ANN, ORIGIN);
    world.clock.advance(30 * DAY_MS);
    await expect(world.auth.refresh(refreshToken.reveal(), ORIGIN)).rejects.toMatchObject({
      code: 'invalid_refresh_token',
    });
    expect(warn).not.toHaveBeenCalled();
  });

  it.each(['no token of ours', `upblit_rt_${'x'.repeat(43)}`])('is refused when it is %s', async (text) => {
    await expect(world.auth.refresh(text, ORIGIN)).rejects.toMatchObject({ code: 'invalid_refresh_token' });
  });

  it('is refused when its person is gone', async () => {
    world.users.has({ id: 'ann', ...ANN });
    const { refreshToken } = await world.auth.login(ANN, ORIGIN);
    world.users.rows.delete('ann');
    await expect(world.auth.refresh(refreshToken.reveal(), ORIGIN)).rejects.toMatchObject({
      code: 'invalid_refresh_token',
    });
  });

  it('is exchanged no more often than one account may', async () => {
    world.users.has({ id: 'ann', ...ANN });
    let { refreshToken } = await world.auth.login(ANN, ORIGIN);
    for (let i = 0; i < ATTEMPTS; i += 1) {
      ({ refreshToken } = await world.auth.refresh(refreshToken.reveal(), ORIGIN));
    }
    await expect(world.auth.refresh(refreshToken.reveal(), ORIGIN)).rejects.toMatchObject({
      code: 'too_many_requests',
    });
  });
});

describe('Logging out', () => {
  it('ends the session of the token, and no other, in the name of its person', async () => {
    world.users.has({ id: 'ann', ...ANN });
    const { refreshToken } = await world.auth.login(ANN, ORIGIN);
    const { accessToken } = await world.auth.login(ANN, ORIGIN);
    world.events();
    await world.auth.logout(refreshToken.reveal(), ORIGIN);
    expect(world.families.ids.map((id) => `access of ${id}`)).toEqual([accessToken]);
    expect(world.events()).toEqual(['SignedOut']);
    expect(world.unitOfWork.actors.at(-1)).toEqual({
      ...ORIGIN,
      issuer: 'local',
      subject: 'ann',
      tokenId: null,
    });
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
  });

  it('waits as well when it repeats a call that could not, and for what is no token at all for nothing', async () => {
    await world.auth.logout(`upblit_rt_${'x'.repeat(43)}`, ORIGIN);
    expect(world.freshness.awaited).toEqual([null]);
    await world.auth.logout('no token', ORIGIN);
    expect(world.freshness.awaited).toEqual([null]);
  });
});

describe('A profile', () => {
  it('is that of the person, as long as the account is there', async () => {
    world.users.has({ id: 'ann', ...ANN });
    expect(await world.auth.profileOf('ann')).toMatchObject({ email: ANN.email });
    await expect(world.auth.profileOf('bob')).rejects.toMatchObject({ code: 'invalid_token' });
  });
});
