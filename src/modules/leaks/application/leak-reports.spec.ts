import { describe, expect, it } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../../../shared/clock.js';
import { KeyFormat, LeakedKeys } from '../../api-keys/index.js';
import type { VerificationRecords } from '../../verification/index.js';
import { LeakReports } from './leak-reports.js';

const clock = { monotonic: () => 0 } as Clock;
const format = new KeyFormat();

describe('reports of anybody', () => {
  /** Of each text a key, in an application of its own. */
  function reportsOf(transactions: { begun: number }, looked: Promise<void>): typeof report {
    const records = {
      findAll: async (presented: { text: string }[]) => {
        await looked;
        return presented.map(({ text }) => ({ record: { secretId: text, applicationId: text } }));
      },
    } as unknown as VerificationRecords;
    const unitOfWork = {
      run: async () => {
        transactions.begun += 1;
        await setTimeout(5);
        return { change: null };
      },
    };
    const freshness = { waitForPropagation: () => Promise.resolve() };
    const none = undefined as never;
    const leaked = new LeakedKeys(unitOfWork as never, none, none, none, none, none, freshness as never);
    const reports = new LeakReports(format, records, leaked, clock);
    function report(address: string, keys = 1): Promise<void> {
      const texts = Array.from({ length: keys }, (_, i) => `upblit_live_${i}`);
      return reports.ofAnybody(texts, { address, requestId: 'r', userAgent: null });
    }
    return report;
  }

  it('give a network of IPv6 one place in the turns, however many addresses it has', async () => {
    let finish = (): void => undefined;
    const looked = new Promise<void>((resolve) => (finish = resolve));
    const report = reportsOf({ begun: 0 }, looked);
    // Two are worked on, and a hundred wait: there is no more room.
    const flood = Promise.allSettled(
      Array.from({ length: 102 }, (_, i) => report(`2001:db8::${i.toString(16)}`)),
    );
    const other = report('192.0.2.1');
    finish();
    await expect(other).resolves.toBeUndefined();
    expect((await flood).filter(({ status }) => status === 'rejected')).toHaveLength(1);
  });

  it('wait for one application of each other report, and not for all that have the keys', async () => {
    const transactions = { begun: 0 };
    const report = reportsOf(transactions, Promise.resolve());
    const long = [report('192.0.2.1', 100), report('192.0.2.2', 100)];
    await report('192.0.2.3');
    expect(transactions.begun).toBeLessThan(20);
    await Promise.all(long);
    expect(transactions.begun).toBe(201);
  });
});

describe('a message of GitHub', () => {
  const found = Array.from({ length: 150 }, (_, i) => ({ text: `upblit_live_${i}`, from: null }));
  const origin = { address: '192.0.2.1', requestId: 'r', userAgent: null };

  /** Of each tenth text a key; the second look of a hundred texts waits. */
  function slowReports() {
    let settle: { goOn: () => void; fail: (error: Error) => void } | undefined;
    const slow = new Promise<void>((goOn, fail) => (settle = { goOn, fail }));
    let looks = 0;
    const records = {
      findAll: async (presented: { text: string }[]) => {
        looks += 1;
        if (looks === 2) await slow;
        return presented.map(({ text }) => ({
          record: text.endsWith('0') ? { secretId: text, applicationId: null } : null,
        }));
      },
    } as unknown as VerificationRecords;
    const reported: string[] = [];
    const leaked = {
      findImported: () => Promise.resolve([]),
      report: (_: unknown, leaks: { secretId: string }[]) => {
        reported.push(...leaks.map(({ secretId }) => secretId));
        return Promise.resolve();
      },
    } as unknown as LeakedKeys;
    const reports = new LeakReports(format, records, leaked, clock);
    /** @param age milliseconds since the request came */
    const send = (age: number, digest = 'one'): Promise<ReadonlyMap<string, boolean>> =>
      reports.ofGithub(found, origin, digest, -age);
    return { send, reported, looks: () => looks, ...settle! };
  }

  it('is answered 503 ten seconds after it came, goes on, and is joined by the same one, sent again', async () => {
    const { send, reported, looks, goOn } = slowReports();
    await expect(send(9500)).rejects.toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 10 },
    });
    expect(reported).toHaveLength(10);
    const again = send(0);
    goOn();
    const judged = await again;
    expect(reported).toHaveLength(15);
    expect(looks()).toBe(2);
    expect(judged.size).toBe(150);
    expect([judged.get('upblit_live_10'), judged.get('upblit_live_111')]).toEqual([true, false]);
  });

  it('of which a part could not be dealt with after that is dealt with anew when it is sent again', async () => {
    const { send, reported, fail } = slowReports();
    await expect(send(9900)).rejects.toMatchObject({ code: 'service_unavailable' });
    const joined = send(0);
    fail(new Error('away'));
    await expect(joined).rejects.toThrow('away');
    expect((await send(0)).size).toBe(150);
    expect(new Set(reported).size).toBe(15);
  });

  it('does not join another one', async () => {
    const { send, looks, goOn } = slowReports();
    const first = send(0);
    while (looks() < 2) await setTimeout(1);
    expect((await send(0, 'other')).size).toBe(150);
    goOn();
    await first;
  });
});
