import { describe, expect, it } from '@jest/globals';
import type { DenialCause } from '../domain/denial.js';
import { DenialSamples } from './denial-samples.js';

function kind(keyId: string | null, cause: DenialCause = 'revoked') {
  return { keyId, applicationId: 'application', cause };
}

describe('the samples of denials', () => {
  it('are three of a kind, and the last stands for those that were not kept', () => {
    const samples = new DenialSamples<ReturnType<typeof kind>>();
    for (let i = 0; i < 10; i++) samples.add(kind('a'), () => kind('a'));
    samples.add(kind('a', 'disabled'), () => kind('a', 'disabled'));
    samples.add(kind(null), () => kind(null));
    expect(samples.size).toBe(5);
    const taken = samples.take().map(({ denial, repeated }) => [denial.keyId, denial.cause, repeated]);
    expect(taken).toEqual([
      ['a', 'revoked', 1],
      ['a', 'revoked', 1],
      ['a', 'revoked', 8],
      ['a', 'disabled', 1],
      [null, 'revoked', 1],
    ]);
    expect(samples.counts).toEqual({ kept: 5, joined: 7, dropped: 0 });
    expect(samples.size).toBe(0);
  });

  it('are so many at most, whatever keys are refused', () => {
    const samples = new DenialSamples<ReturnType<typeof kind>>();
    for (let i = 0; i < 3000; i++) samples.add(kind(String(i)), () => kind(String(i)));
    expect(samples.counts).toEqual({ kept: 2000, joined: 0, dropped: 1000 });
    expect(samples.take()).toHaveLength(2000);
  });
});
