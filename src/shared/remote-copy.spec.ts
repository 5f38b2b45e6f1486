import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../test/support/fake-clock.js';
import { RemoteCopy } from './remote-copy.js';

const TIMES = { maxAge: 600_000, maxAgeUnreachable: 3_600_000, cooldown: 30_000, firstRetry: 1000 };

describe('a copy of what others publish', () => {
  it('may lack what was published while it was read', async () => {
    const clock = new FakeClock();
    let published = ['old'];
    let copy: readonly string[] = [];
    let answer = (): void => undefined;
    const remote = new RemoteCopy(
      {
        read: async () => {
          const read = published;
          await new Promise<void>((resolve) => (answer = resolve));
          copy = read;
        },
        onFailure: () => undefined,
        unavailable: 'Try again in a moment.',
      },
      TIMES,
      clock,
    );
    const find = (key: string, isNew: boolean): Promise<string | undefined> =>
      remote.find(() => copy.find((one) => one === key), isNew);
    // Somebody makes it read, and meanwhile a key is published and used.
    const stranger = find('unknown', false);
    clock.advance(10);
    published = ['old', 'new'];
    const user = find('new', true);
    clock.advance(10);
    answer();
    expect(await stranger).toBeUndefined();
    await expect(user).rejects.toMatchObject({ code: 'service_unavailable' });
  });
});
