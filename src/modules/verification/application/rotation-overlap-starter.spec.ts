import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { goodRecord } from '../../../../test/verification/memory-records.js';
import { RotationOverlapStarter } from './rotation-overlap-starter.js';
import { RotationOverlapStore } from './rotation-overlap-store.js';
import { VerificationObservers, type ObservedVerification } from './verification-observer.js';

/** Remembers what was to be started, and ends the calls when the test says so. */
class Overlaps extends RotationOverlapStore {
  readonly started: string[] = [];
  private calls: { resolve: () => void; reject: (error: Error) => void }[] = [];

  start(secretId: string): Promise<void> {
    this.started.push(secretId);
    return new Promise((resolve, reject) => this.calls.push({ resolve, reject }));
  }

  async end(failure?: Error): Promise<void> {
    for (const { resolve, reject } of this.calls.splice(0)) {
      if (failure === undefined) resolve();
      else reject(failure);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('The overlap of a rotated key', () => {
  let overlaps: Overlaps;
  let observers: VerificationObservers;
  let warnings: string[];

  beforeEach(() => {
    overlaps = new Overlaps();
    observers = new VerificationObservers();
    new RotationOverlapStarter(overlaps, observers);
    warnings = [];
    jest
      .spyOn(Logger.prototype, 'warn')
      .mockImplementation((message) => void warnings.push(message as string));
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  function verified(secretId: string, startsOverlap: boolean, valid = true): void {
    const record = goodRecord({ secretId, startsOverlap });
    observers.observe({ verdict: { valid }, record } as unknown as ObservedVerification);
  }

  it('begins with the first use of a new secret that waits for it, and no other', () => {
    verified('not waiting', false);
    verified('refused', true, false);
    observers.observe({ verdict: { valid: true }, record: null } as unknown as ObservedVerification);
    expect(overlaps.started).toEqual([]);
    verified('new', true);
    expect(overlaps.started).toEqual(['new']);
  });

  it('begins as well with the use of a service key', () => {
    const use = goodRecord({ secretId: 'of a service', startsOverlap: true });
    observers.observeServiceKey({ ...use, startsOverlap: false }, '192.0.2.1', 0);
    expect(overlaps.started).toEqual([]);
    observers.observeServiceKey(use, '192.0.2.1', 0);
    expect(overlaps.started).toEqual(['of a service']);
  });

  it('is begun by one call for all who use the secret meanwhile, and each secret by its own', async () => {
    verified('new', true);
    verified('new', true);
    verified('another', true);
    expect(overlaps.started).toEqual(['new', 'another']);
    await overlaps.end();
    verified('new', true);
    expect(overlaps.started).toEqual(['new', 'another', 'new']);
    expect(warnings).toEqual([]);
  });

  it('is tried again with the next use when it could not be begun, which the log tells', async () => {
    verified('new', true);
    await overlaps.end(new Error('the database is away'));
    expect(warnings).toEqual(['could not start the overlap of a new secret: the database is away']);
    verified('new', true);
    expect(overlaps.started).toEqual(['new', 'new']);
  });
});
