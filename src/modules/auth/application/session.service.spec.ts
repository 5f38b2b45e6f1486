import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryAuth } from '../../../../test/auth/memory-world.js';
import { actor } from '../../../../test/support/actors.js';

let world: MemoryAuth;

beforeEach(() => {
  world = new MemoryAuth();
  for (const id of ['one', 'two', 'three']) world.families.has(id, 'ann');
  world.families.has('of bob', 'bob');
});

describe("Somebody's sessions", () => {
  it('are listed for them, in pages', async () => {
    const { data, nextCursor } = await world.sessions.list(actor('ann'), { limit: 2 });
    expect(data.map(({ id }) => id)).toEqual(['one', 'two']);
    expect(nextCursor).toEqual(expect.any(String));
    expect((await world.sessions.list(actor('ann'), {})).data).toHaveLength(3);
  });

  it('are listed to nobody of another issuer whose subject is the same', async () => {
    expect(await world.sessions.list(actor('ann', 'https://issuer.example'), {})).toEqual({
      data: [],
      nextCursor: null,
    });
  });

  it('no longer go on once they have run out', async () => {
    world.clock.advance(31 * 24 * 3600_000);
    expect((await world.sessions.list(actor('ann'), {})).data).toEqual([]);
  });

  it('end one by one, on every node before the answer', async () => {
    await world.sessions.end(actor('ann'), 'two');
    expect(world.families.ids).toEqual(['one', 'three', 'of bob']);
    expect(world.freshness.awaited).toEqual([expect.any(Number)]);
  });

  it('are not found when they are of somebody else, or have ended, once that holds on every node', async () => {
    for (const id of ['of bob', 'ended before']) {
      await expect(world.sessions.end(actor('ann'), id)).rejects.toMatchObject({ code: 'session_not_found' });
    }
    expect(world.freshness.awaited).toEqual([null, null]);
    const foreigner = actor('ann', 'https://issuer.example');
    await expect(world.sessions.end(foreigner, 'one')).rejects.toMatchObject({ code: 'session_not_found' });
    expect(world.families.ids).toHaveLength(4);
  });

  it('end together but for the one that asks for it, or all when that is not known', async () => {
    await world.sessions.endOthers(actor('ann'), 'two');
    expect(world.families.ids).toEqual(['two', 'of bob']);
    await world.sessions.endOthers(actor('ann'), null);
    expect(world.families.ids).toEqual(['of bob']);
    expect(world.freshness.awaited).toEqual([expect.any(Number), expect.any(Number)]);
  });
});
