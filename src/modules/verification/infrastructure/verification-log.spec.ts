import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { VerificationObservers, type ObservedVerification } from '../application/verification-observer.js';
import { VerificationLog } from './verification-log.js';

let observers: VerificationObservers;
let log: VerificationLog;
let written: Record<string, unknown>[];

beforeEach(() => {
  jest.useFakeTimers();
  written = [];
  jest.spyOn(Logger.prototype, 'log').mockImplementation((line: unknown) => {
    written.push(line as Record<string, unknown>);
  });
  observers = new VerificationObservers();
  log = new VerificationLog({ LOG_VERIFICATIONS: 'refused' }, observers);
});
afterEach(() => {
  log.onModuleDestroy();
  jest.restoreAllMocks();
  jest.useRealTimers();
});

/** Who asks: by default with a service key of the platform, and for a key that nobody knows. */
interface Asked {
  keysOf?: string;
  keyOf?: string;
  from?: string;
}

function refuse(times: number, { keysOf, keyOf, from }: Asked): void {
  for (let i = 0; i < times; i += 1) {
    observers.observe({
      verdict: { valid: false, code: 'NOT_FOUND' },
      record: keyOf === undefined ? null : { keyId: 'key', applicationId: keyOf },
      request: {},
      caller: {
        requestId: 'r',
        address: from ?? '192.0.2.1',
        keysOf: keysOf ?? null,
        isAnonymous: from !== undefined,
      },
    } as ObservedVerification);
  }
}

describe('The lines of refusals', () => {
  it('are twenty in a second, and then their number', () => {
    refuse(50, { keysOf: 'a' });
    expect(written).toHaveLength(20);
    jest.advanceTimersByTime(1000);
    expect(written).toHaveLength(21);
    expect(written.at(-1)).toMatchObject({ refused: 30 });
    refuse(20, { keysOf: 'a' });
    jest.advanceTimersByTime(1000);
    expect(written).toHaveLength(41);
  });

  it.each<[string, Asked, Asked]>([
    ['an application', { keysOf: 'a' }, { keysOf: 'b' }],
    ['keys that nobody knows', {}, { keyOf: 'b' }],
    ['the keys of an application', { keyOf: 'a' }, { keyOf: 'b' }],
    ['a network without a service key', { from: '2001:db8::1' }, { from: '192.0.2.2' }],
  ])('have room for one of others beside a flood of %s', (...[, flood, other]) => {
    refuse(1000, flood);
    refuse(2, other);
    expect(written).toHaveLength(21);
    jest.advanceTimersByTime(1000);
    expect(written.at(-1)).toMatchObject({ refused: 981 });
  });

  it('are forty in a second at most, and the addresses of one network are one', () => {
    for (let i = 0; i < 100; i += 1) refuse(1, { from: `2001:db8::${i}` });
    expect(written).toHaveLength(20);
    for (let i = 0; i < 100; i += 1) refuse(2, { keysOf: `application ${i}` });
    expect(written).toHaveLength(40);
    jest.advanceTimersByTime(1000);
    expect(written.at(-1)).toMatchObject({ refused: 260 });
  });
});
