import { describe, expect, it } from '@jest/globals';
import { bucketsOf, usageRange, type Granularity } from './usage-range.js';

const NOW = new Date('2026-05-27T10:30:00Z');

function range(from?: string, to?: string, granularity?: Granularity): object {
  const asked = {
    ...(from !== undefined && { from: new Date(from) }),
    ...(to !== undefined && { to: new Date(to) }),
    ...(granularity !== undefined && { granularity }),
  };
  const found = usageRange(asked, NOW);
  return { from: found.from.toISOString(), to: found.to.toISOString(), granularity: found.granularity };
}

describe('the range of a question about usage', () => {
  it('is the last 30 days, or the last day by hours, up to the end of the current one', () => {
    expect(range()).toEqual({
      from: '2026-04-28T00:00:00.000Z',
      to: '2026-05-28T00:00:00.000Z',
      granularity: 'day',
    });
    expect(range(undefined, undefined, 'hour')).toEqual({
      from: '2026-05-26T11:00:00.000Z',
      to: '2026-05-27T11:00:00.000Z',
      granularity: 'hour',
    });
  });

  it('holds every hour or day of UTC that a part of it lies in', () => {
    expect(range('2026-05-27T08:59:59.999Z', '2026-05-27T10:00:00.001+00:00', 'hour')).toMatchObject({
      from: '2026-05-27T08:00:00.000Z',
      to: '2026-05-27T11:00:00.000Z',
    });
    expect(range('2026-05-25T23:30:00-02:00', '2026-05-27T00:00:00Z')).toMatchObject({
      from: '2026-05-26T00:00:00.000Z',
      to: '2026-05-27T00:00:00.000Z',
    });
  });

  it.each<[string, string | undefined, string | undefined, Granularity, string]>([
    ['reversed', '2026-05-27T00:00:00Z', '2026-05-20T00:00:00Z', 'day', 'from'],
    ['reversed within one hour', '2026-05-27T09:50:00Z', '2026-05-27T09:10:00Z', 'hour', 'from'],
    ['empty', '2026-05-27T09:00:00Z', '2026-05-27T09:00:00Z', 'hour', 'from'],
    ['a century long', '1926-05-27T00:00:00Z', '2026-05-27T00:00:00Z', 'day', 'from'],
    ['longer than a month, by hours', '2026-04-01T00:00:00Z', '2026-05-27T00:00:00Z', 'hour', 'from'],
    ['in the future', '2026-05-28T00:00:00Z', '2026-05-29T00:00:00Z', 'day', 'to'],
    ['begun in the future', '2026-05-27T10:31:00Z', undefined, 'hour', 'from'],
    ['ended in the future', '2026-05-20T00:00:00Z', '2026-05-28T00:00:00.001Z', 'day', 'to'],
    ['by hours that are not kept', '2026-02-25T00:00:00Z', '2026-02-25T05:00:00Z', 'hour', 'granularity'],
  ])('is refused when it is %s', (_, from, to, granularity, field) => {
    expect(() => range(from, to, granularity)).toThrow(
      expect.objectContaining({
        code: 'validation_failed',
        message: expect.stringMatching(`^validation_failed: ${field} `),
      }),
    );
  });

  it('begins with the oldest hour that is kept', () => {
    expect(range('2026-02-26T00:00:00Z', '2026-02-26T05:00:00Z', 'hour')).toMatchObject({
      from: '2026-02-26T00:00:00.000Z',
    });
  });

  it('has a bucket for each hour or day', () => {
    const hours = bucketsOf(
      usageRange(
        { from: new Date('2026-05-26T22:10:00Z'), to: new Date('2026-05-27T01:00:00Z'), granularity: 'hour' },
        NOW,
      ),
    );
    expect(hours.map((hour) => hour.toISOString())).toEqual([
      '2026-05-26T22:00:00.000Z',
      '2026-05-26T23:00:00.000Z',
      '2026-05-27T00:00:00.000Z',
    ]);
    expect(bucketsOf(usageRange({}, NOW))).toHaveLength(30);
  });
});
