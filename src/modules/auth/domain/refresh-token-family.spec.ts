import { describe, expect, it } from '@jest/globals';
import { RefreshToken, RefreshTokenFamily, judgeRotation } from './refresh-token-family.js';

const LOGIN = new Date('2026-05-27T10:00:00.000Z');
const CLIENT = { address: '192.0.2.1', requestId: 'a request', userAgent: 'a browser' };
const THIRTY_DAYS_LATER = new Date('2026-06-26T10:00:00.000Z');

describe('judgeRotation', () => {
  const family = RefreshTokenFamily.start('family', 'user', ['audit:read'], LOGIN);
  const current = RefreshToken.issue(Buffer.alloc(32), family, CLIENT, LOGIN);
  const spent = Object.assign(RefreshToken.issue(Buffer.alloc(32), family, CLIENT, LOGIN), {
    spentAt: LOGIN,
  });

  it('rotates a current token until thirty days after the login', () => {
    expect(judgeRotation(current, family, LOGIN)).toBe('rotate');
    expect(judgeRotation(current, family, new Date(THIRTY_DAYS_LATER.getTime() - 1))).toBe('rotate');
    expect(judgeRotation(current, family, THIRTY_DAYS_LATER)).toBe('expired');
  });

  it('calls a spent token reused, as long as there is a login to end', () => {
    expect(judgeRotation(spent, family, LOGIN)).toBe('reused');
    expect(judgeRotation(spent, family, THIRTY_DAYS_LATER)).toBe('expired');
  });
});
