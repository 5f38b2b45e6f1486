import { describe, expect, it } from '@jest/globals';
import { metering } from './metering.js';
import { limitSet, type RateLimit } from './rate-limit.js';

const LIMIT: RateLimit = { name: 'burst', limit: 5, windowSeconds: 1, cost: 1 };
const limits = limitSet({ id: 'key', rateLimits: [LIMIT] }, { id: 'application', rateLimits: [] });
const free = { keyId: null, applicationId: null };
const countedFor = { keyId: 'key', applicationId: 'application' };

describe('The metering of a key', () => {
  it('is nothing without limits and credits', () => {
    expect(metering(null, free, countedFor)).toBeNull();
  });

  it('counts without paying, or pays without counting', () => {
    expect(metering(limits, free, countedFor)).toEqual({ limits, credits: null });
    for (const credits of [
      { keyId: 'key', applicationId: null },
      { keyId: null, applicationId: 'application' },
    ]) {
      expect(metering(null, credits, countedFor)).toEqual({
        limits: null,
        credits: { ...credits, countedFor },
      });
    }
  });
});

describe('The limits that count a verification', () => {
  it('are none when neither the key nor its application has any', () => {
    expect(limitSet({ id: 'key', rateLimits: [] }, { id: 'application', rateLimits: [] })).toBeNull();
  });

  it("are the key's own and those that it shares, each with the one it belongs to", () => {
    const set = limitSet(
      { id: 'key', rateLimits: [LIMIT] },
      { id: 'application', rateLimits: [{ ...LIMIT, name: 'day' }] },
    );
    expect(set).toEqual({
      applicationId: 'application',
      limits: [
        { ...LIMIT, subjectId: 'key', sharedByApplication: false, id: 'key:burst' },
        { ...LIMIT, name: 'day', subjectId: 'application', sharedByApplication: true, id: 'application:day' },
      ],
    });
    const shared = limitSet({ id: 'key', rateLimits: [] }, { id: 'application', rateLimits: [LIMIT] });
    expect(shared?.limits).toHaveLength(1);
  });
});
