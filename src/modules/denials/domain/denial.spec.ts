import { describe, expect, it } from '@jest/globals';
import type { ObservedVerification } from '../../verification/index.js';
import { explain } from './denial.js';

const [OURS, THEIRS] = ['our-application', 'their-application'];

function verification(
  keysOf: string | null,
  applicationId: string | undefined,
  keyOf: string | null,
): ObservedVerification {
  return {
    verdict: { valid: false, code: 'NOT_FOUND' },
    record: keyOf === null ? null : { keyId: 'key', applicationId: keyOf, environment: 'live' },
    source: keyOf === null ? 'database' : 'cache',
    request: { applicationId, ip: '203.0.113.9' },
    caller: { address: '10.0.0.1', requestId: 'request', keysOf, isAnonymous: false },
  } as ObservedVerification;
}

function told(...question: Parameters<typeof verification>): unknown[] {
  return explain(verification(...question)).map(
    ({ applicationId, keyId, cause, callerAddress, requestId, address }) => {
      // Who may know who asked may know all of it, and others nothing.
      const origin = callerAddress === null ? [null, null] : ['request', '203.0.113.9'];
      expect([requestId, address]).toEqual(origin);
      return [applicationId, keyId, cause, callerAddress];
    },
  );
}

describe('a key that is not found', () => {
  it('concerns its own application and the one that was asked, and tells neither of the other', () => {
    expect(told(OURS, undefined, THEIRS)).toEqual([
      [THEIRS, 'key', 'other_application', null],
      [OURS, null, 'unknown', '10.0.0.1'],
    ]);
    expect(told(null, OURS, THEIRS)).toEqual([
      [THEIRS, 'key', 'other_application', null],
      [OURS, null, 'unknown', '10.0.0.1'],
    ]);
  });

  it('does not concern an application that a caller names and may not ask about', () => {
    expect(told(OURS, THEIRS, OURS)).toEqual([[OURS, 'key', 'other_application', '10.0.0.1']]);
    expect(told(OURS, THEIRS, null)).toEqual([[OURS, null, 'unknown', '10.0.0.1']]);
  });

  it('concerns nobody when nobody was asked about, and is no key', () => {
    expect(told(null, undefined, null)).toEqual([]);
  });
});
