import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { actor } from '../../../../test/support/actors.js';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { ApplicationService } from './application.service.js';

type Parts = ConstructorParameters<typeof ApplicationService>;

/** A unit of work that is done when the test says so, and by whom each was begun. */
class HeldWork {
  readonly begun: string[] = [];
  private readonly waiting: (() => void)[] = [];

  async run({ subject }: { subject: string }): Promise<object> {
    this.begun.push(subject);
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return { value: undefined, change: null };
  }

  async endAll(): Promise<void> {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      next();
      await setImmediate();
    }
  }
}

describe('Applications that are created at once', () => {
  const quotas = { maxApplicationsPerOwner: 100, maxApplicationsCreatedPerDay: 100 };

  it('leave connections for others, and those of somebody else come in between', async () => {
    const work = new HeldWork();
    const clock = new FakeClock(new Date('2026-05-27T10:00:00.000Z'));
    const parts = [work, {}, {}, {}, {}, {}, clock, quotas] as unknown as Parts;
    const service = new ApplicationService(...parts);
    const flood = Array.from({ length: 64 }, (_, i) => service.create(actor('mallory'), { name: `${i}` }));
    const ann = service.create({ ...actor('ann'), address: '198.51.100.1' }, { name: 'of ann' });
    await setImmediate();
    expect(work.begun).toEqual(['mallory', 'mallory']);
    await work.endAll();
    await Promise.all([...flood, ann]);
    expect(work.begun.indexOf('ann')).toBeLessThan(5);
    expect(work.begun).toHaveLength(65);
  });
});
