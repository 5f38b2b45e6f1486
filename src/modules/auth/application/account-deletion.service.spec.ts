import { beforeEach, describe, expect, it } from '@jest/globals';
import { ATTEMPTS, MemoryAuth } from '../../../../test/auth/memory-world.js';
import { actor } from '../../../../test/support/actors.js';
import type { Subject } from '../../../shared/subject.js';
import { DomainError } from '../../../shared/domain-error.js';

const ADDRESS = '192.0.2.1';

let world: MemoryAuth;

beforeEach(() => {
  world = new MemoryAuth();
  world.users.has({ id: 'ann', email: 'ann@example.org', password: 'correct horse' });
  world.families.has('of ann', 'ann');
  world.families.has('of bob', 'bob');
});

function remove(
  password = 'correct horse',
  sessionId: string | null = 'of ann',
  who = actor('ann'),
): Promise<void> {
  return world.deletions.delete(who, sessionId, password, ADDRESS);
}

describe('Deleting an account', () => {
  it('leaves nothing of it, and is answered when no node takes its tokens any more', async () => {
    const told: [Subject, Date][] = [];
    const hook = (person: Subject, now: Date): Promise<void> => {
      told.push([person, now]);
      return Promise.resolve();
    };
    world.hooks.add({ onAccountDeleted: hook });
    world.hooks.add({ onAccountDeleted: hook });
    await remove();
    expect([...world.users.rows.keys()]).toEqual([]);
    expect(world.families.ids).toEqual(['of bob']);
    expect(world.events()).toEqual(['UserDeleted']);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
    const call = [expect.objectContaining({ issuer: 'local', subject: 'ann' }), world.clock.now()];
    expect(told).toEqual([call, call]);
  });

  it('needs no session where the token names none', async () => {
    await remove('correct horse', null);
    expect(world.users.rows.size).toBe(0);
  });

  it('is not done where another module says what stands in the way', async () => {
    world.hooks.add({
      onAccountDeleted: () => Promise.reject(new DomainError('last_owner', 'Hand your applications on.')),
    });
    await expect(remove()).rejects.toMatchObject({ code: 'last_owner' });
    expect(world.users.rows.size).toBe(1);
    expect(world.families.ids).toHaveLength(2);
  });

  it('needs the password, at which nobody guesses more often than at a login', async () => {
    for (let i = 0; i < ATTEMPTS; i += 1) {
      await expect(remove('wrong')).rejects.toMatchObject({ code: 'wrong_password' });
    }
    await expect(remove()).rejects.toMatchObject({ code: 'too_many_requests' });
    expect(world.users.rows.size).toBe(1);
    expect(world.freshness.awaited).toEqual([]);
  });

  it('counts no attempt of who knows it', async () => {
    for (let i = 0; i < 2 * ATTEMPTS; i += 1) {
      await expect(remove('correct horse', 'ended')).rejects.toMatchObject({ code: 'invalid_token' });
    }
    await remove();
  });

  it('is refused when the session of the access token has ended, and deletes nothing', async () => {
    await expect(remove('correct horse', 'of bob')).rejects.toMatchObject({ code: 'invalid_token' });
    expect(world.users.rows.size).toBe(1);
    expect(world.families.ids).toHaveLength(2);
  });

  it('is refused, once that holds, when there is no account: it was deleted before, or is not kept here', async () => {
    for (const who of [actor('nobody'), actor('ann', 'https://issuer.example')]) {
      await expect(remove('correct horse', null, who)).rejects.toMatchObject({ code: 'user_not_found' });
    }
    expect(world.freshness.awaited).toEqual([null, null]);
    expect(world.users.rows.size).toBe(1);
  });

  it.each([
    ['another one', 'hash of another', 'wrong_password'],
    ['hashed anew', 'hash of correct horse renewed', undefined],
  ])('compares again when the password became %s meanwhile', async (_, hash, code) => {
    world.users.meanwhile = () => {
      world.users.rows.get('ann')!.passwordHash = hash;
    };
    const answer = await remove().catch((error: unknown) => error);
    expect((answer as { code?: string } | undefined)?.code).toBe(code);
  });

  it('is done once when it is asked for twice at once', async () => {
    world.users.meanwhile = () => world.users.rows.delete('ann');
    await expect(remove()).rejects.toMatchObject({ code: 'user_not_found' });
    expect(world.events()).toEqual([]);
  });
});
