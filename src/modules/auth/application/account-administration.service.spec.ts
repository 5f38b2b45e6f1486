import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryAuth } from '../../../../test/auth/memory-world.js';
import { actor } from '../../../../test/support/actors.js';

const OPERATOR = actor('operator', 'system');
const EMAIL = ' Ann@example.org';

let world: MemoryAuth;

beforeEach(() => {
  world = new MemoryAuth();
  world.users.has({ id: 'ann', email: 'ann@example.org', password: 'correct horse' });
  world.families.has('of ann', 'ann');
  world.families.has('of bob', 'bob');
});

describe('An operator', () => {
  it('invites an email, by one token at a time', async () => {
    await world.administration.invite(OPERATOR, ' Carl@example.org');
    const secret = await world.administration.invite(OPERATOR, 'carl@example.org');
    expect(world.tokens.rows).toHaveLength(1);
    expect(world.tokens.rows[0]).toMatchObject({ purpose: 'invitation', email: 'carl@example.org' });
    expect(world.tokens.rows[0]?.hash).toEqual(secret.hash());
    expect(world.events()).toEqual(['InvitationIssued', 'InvitationIssued']);
    expect(world.unitOfWork.actors[0]).toBe(OPERATOR);
  });

  it('invites nobody who has an account', async () => {
    await expect(world.administration.invite(OPERATOR, EMAIL)).rejects.toMatchObject({ code: 'email_taken' });
    expect(world.tokens.rows).toEqual([]);
  });

  it('hands out a token for a new password, until whose use nothing changes', async () => {
    const secret = await world.administration.issueReset(OPERATOR, EMAIL);
    expect(world.tokens.rows).toMatchObject([
      { purpose: 'password_reset', userId: 'ann', hash: secret.hash() },
    ]);
    expect(world.families.ids).toEqual(['of ann', 'of bob']);
    expect(world.events()).toEqual(['PasswordResetIssued']);
  });

  it('shuts somebody out, whose sessions have ended on every node then, and lets them in again', async () => {
    await world.administration.issueReset(OPERATOR, EMAIL);
    world.events();
    await world.administration.disable(OPERATOR, EMAIL);
    expect(world.users.rows.get('ann')?.disabledAt).toEqual(world.clock.now());
    expect(world.families.ids).toEqual(['of bob']);
    expect(world.tokens.rows).toEqual([]);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
    expect(world.events()).toEqual(['UserDisabled']);
    await world.administration.enable(OPERATOR, EMAIL);
    expect(world.users.rows.get('ann')?.isDisabled).toBe(false);
    expect(world.events()).toEqual(['UserEnabled']);
  });

  it.each(['issueReset', 'disable', 'enable'] as const)(
    'can do nothing (%s) about who is not there',
    async (what) => {
      await expect(world.administration[what](OPERATOR, 'nobody@example.org')).rejects.toMatchObject({
        code: 'user_not_found',
      });
      world.users.meanwhile = () => world.users.rows.delete('ann');
      if (what === 'issueReset') return;
      await expect(world.administration[what](OPERATOR, EMAIL)).rejects.toMatchObject({
        code: 'user_not_found',
      });
      expect(world.events()).toEqual([]);
    },
  );
});
