import { describe, expect, it } from '@jest/globals';
import type { DenialCause } from '../domain/denial.js';
import { DenialSamples } from './denial-samples.js';

function kind(keyId: string | null, cause: DenialCause = 'revoked', applicationId = 'application') {
  return { keyId, applicationId, cause };
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

  /** Adds so many of each of so many keys of an application. */
  function fill(
    samples: DenialSamples<ReturnType<typeof kind>>,
    application: string,
    { keys, each = 1 }: { keys: number; each?: number },
  ): void {
    for (let i = 0; i < keys * each; i++) {
      const one = kind(`${application}-${i % keys}`, 'revoked', application);
      samples.add(one, () => one);
    }
  }

  function takeByApplication(samples: DenialSamples<ReturnType<typeof kind>>): Record<string, number[]> {
    const found: Record<string, number[]> = {};
    for (const { denial, repeated } of samples.take()) (found[denial.applicationId] ??= []).push(repeated);
    return found;
  }

  it('are so many at most of one application, and of all, whatever keys are refused', () => {
    const samples = new DenialSamples<ReturnType<typeof kind>>();
    fill(samples, 'a', { keys: 3000 });
    expect(samples.counts).toEqual({ kept: 1000, joined: 0, dropped: 2000 });
    fill(samples, 'b', { keys: 3000 });
    expect(samples.size).toBe(2000);
    fill(samples, 'c', { keys: 3000 });
    expect(samples.size).toBe(2000);
    const { a, b, c } = takeByApplication(samples);
    expect([a!.length, b!.length, c!.length].sort()).toEqual([666, 667, 667]);
    expect(samples.size).toBe(0);
  });

  it('of an application are kept when others have filled everything', () => {
    const samples = new DenialSamples<ReturnType<typeof kind>>();
    for (let i = 0; i < 100; i++) fill(samples, `flood-${i}`, { keys: 670, each: 3 });
    fill(samples, 'quiet', { keys: 5, each: 4 });
    expect(samples.size).toBe(2000);
    expect(takeByApplication(samples).quiet).toEqual([1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2]);
  });

  it('that make room are told by those of their kind that stay', () => {
    const samples = new DenialSamples<ReturnType<typeof kind>>();
    for (const application of ['a', 'b']) fill(samples, application, { keys: 333, each: 5 });
    fill(samples, 'a', { keys: 1 });
    fill(samples, 'c', { keys: 4 });
    const { a, b, c } = takeByApplication(samples);
    expect(c).toEqual([1, 1, 1, 1]);
    const sum = [...a!, ...b!].reduce((one, another) => one + another, 0);
    expect(sum).toBe(2 * 333 * 5 + 1);
    expect(samples.counts.dropped).toBe(0);
  });
});
