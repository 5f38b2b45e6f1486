import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Freshness } from '../../freshness/index.js';
import type { RefreshTokenFamilyRepository } from '../domain/refresh-token-family.repository.js';
import { LiveSessions } from './live-sessions.js';

describe('Live sessions', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  let asked: string[] = [];
  let isHeld = true;

  /** Those whose id begins with "live" go on. */
  function remembering(): LiveSessions {
    asked = [];
    isHeld = true;
    const families: Pick<RefreshTokenFamilyRepository, 'exists'> = {
      exists: (id) => {
        asked.push(id);
        return Promise.resolve({ value: id.startsWith('live'), asOf: 0 });
      },
    };
    const freshness: Pick<Freshness, 'held' | 'beginFill' | 'mayFill' | 'subscribe' | 'read'> = {
      held: () => isHeld,
      beginFill: () => 0,
      mayFill: () => true,
      subscribe: () => undefined,
      read: async (query) => (await query(0)).value,
    };
    return new LiveSessions(families as RefreshTokenFamilyRepository, freshness as Freshness);
  }

  it('are taken from memory under the lease, and asked for again without it', async () => {
    const sessions = remembering();
    expect(await sessions.has('live')).toBe(true);
    expect(await sessions.has('ended')).toBe(false);
    expect([sessions.has('live'), sessions.has('ended')]).toEqual([true, false]);
    expect(asked).toEqual(['live', 'ended']);
    isHeld = false;
    expect(await sessions.has('live')).toBe(true);
    expect(await sessions.has('ended')).toBe(false);
    expect(asked).toHaveLength(4);
  });

  it('are looked for again soon when they were not there, as a server may say that was left behind', async () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(1000);
    const sessions = remembering();
    expect(await sessions.has('of a moment ago')).toBe(false);
    now.mockReturnValue(5999);
    expect(sessions.has('of a moment ago')).toBe(false);
    now.mockReturnValue(6001);
    expect(sessions.has('of a moment ago')).toBeInstanceOf(Promise);
  });

  it('take bounded memory, and however many that have ended push out none that goes on', async () => {
    jest.spyOn(performance, 'now').mockReturnValue(1000);
    const sessions = remembering();
    for (let i = 0; i < 25_000; i += 1) await sessions.has(`live ${i}`);
    for (let i = 0; i < 25_000; i += 1) await sessions.has(`ended ${i}`);
    asked = [];
    for (let i = 0; i < 25_000; i += 1) {
      if (sessions.has(`live ${i}`) === true) asked.push('in memory');
    }
    expect(asked.filter((one) => one === 'in memory')).toHaveLength(20_000);
    asked = [];
    let remembered = 0;
    for (let i = 24_999; i >= 0; i -= 1) if (sessions.has(`ended ${i}`) === false) remembered += 1;
    expect(remembered).toBe(10_000);
  });
});
