import { describe, expect, it } from '@jest/globals';
import { RETRY_DELAYS, retryDelay } from './delivery.js';

describe('the attempts of a delivery', () => {
  it('are spread over a day', () => {
    const hours = RETRY_DELAYS.reduce((sum, delay) => sum + delay, 0) / 3600;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(24);
    expect([...RETRY_DELAYS].sort((a, b) => a - b)).toEqual(RETRY_DELAYS);
  });

  it('are spread by up to a fifth, and end', () => {
    expect(retryDelay(1, null, 0)).toBeCloseTo(4);
    expect(retryDelay(1, null, 1)).toBeCloseTo(6);
    expect(retryDelay(RETRY_DELAYS.length, null, 0.5)).toBe(RETRY_DELAYS.at(-1));
    expect(retryDelay(RETRY_DELAYS.length + 1, null, 0.5)).toBeNull();
  });

  it('wait as long as the receiver wants, for an hour at most', () => {
    expect(retryDelay(1, 60, 0.5)).toBe(60);
    expect(retryDelay(1, 1, 0.5)).toBe(5);
    expect(retryDelay(1, 999_999, 0.5)).toBe(3600);
    expect(retryDelay(99, 60, 0.5)).toBeNull();
  });
});
