import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import { MemoryAttemptLimiter } from './memory-attempt-limiter.js';

const HOME = '192.0.2.1';
const ATTACKER = '198.51.100.7';

describe('MemoryAttemptLimiter', () => {
  let clock: FakeClock;
  let limiter: MemoryAttemptLimiter;
  beforeEach(() => {
    clock = new FakeClock();
    const limits = {
      windowSeconds: 60,
      perAddress: 2,
      perAccount: 3,
      refreshPerAccount: 5,
      mailsPerAccount: 2,
      mailsPerAccountAndDay: 5,
      managementPerMinute: 4,
    };
    limiter = new MemoryAttemptLimiter(limits, clock);
  });

  const attempt = (address: string): void => {
    limiter.countAttempt('login', 'ann', address);
  };
  const exhaust = (address: string): void => {
    for (let count = 0; count < 3; count += 1) attempt(address);
    expect(() => {
      attempt(address);
    }).toThrow('too_many_requests');
  };

  it('lets nobody lock the owner out of an account at an address they signed in from', () => {
    limiter.recognize('ann', HOME);
    exhaust(ATTACKER);
    attempt(HOME);
  });

  it('counts mails to an email by a limit of their own, wherever they are asked for', () => {
    limiter.recognize('ann', HOME);
    limiter.countAttempt('mail', 'ann', HOME);
    limiter.countAttempt('mail', 'ann', ATTACKER);
    expect(() => {
      limiter.countAttempt('mail', 'ann', HOME);
    }).toThrow('too_many_requests');
    limiter.countAttempt('mail', 'bob', HOME);
    attempt(HOME);
  });

  it('counts mails to an email by the day as well, however often they are asked for', () => {
    const ask = (): void => {
      limiter.countAttempt('mail', 'ann', ATTACKER);
    };
    let sent = 0;
    for (let call = 0; call < 1000; call += 1) {
      try {
        ask();
        sent += 1;
      } catch {
        // Asks again in the next window.
      }
      clock.advance(60_000);
    }
    expect(sent).toBe(5);
    limiter.countAttempt('mail', 'bob', ATTACKER);
    clock.advance(86_400_000 - 1000 * 60_000);
    ask();
  });

  it('gives a stranger at a new address no budget beyond the one strangers share', () => {
    exhaust(ATTACKER);
    expect(() => {
      attempt('203.0.113.9');
    }).toThrow('too_many_requests');
  });

  it('bounds an address that was recognized as well', () => {
    limiter.recognize('ann', HOME);
    exhaust(HOME);
  });

  it('tells once for each window that sign-ins are refused, of whom and from where', () => {
    const told: unknown[] = [];
    limiter.onRefusedSignIns((refused) => told.push(refused));
    exhaust(ATTACKER);
    expect(() => {
      attempt(ATTACKER);
    }).toThrow('too_many_requests');
    for (let call = 0; call < 2; call += 1) limiter.countCall('login', HOME);
    expect(told).toEqual([{ address: ATTACKER, account: 'ann', limit: 3, windowSeconds: 60 }]);
    const callAgain = (): void => {
      limiter.countCall('login', HOME);
    };
    expect(callAgain).toThrow('too_many_requests');
    expect(callAgain).toThrow('too_many_requests');
    expect(told.slice(1)).toEqual([{ address: HOME, account: null, limit: 2, windowSeconds: 60 }]);
    clock.advance(60_000);
    exhaust(ATTACKER);
    expect(told).toHaveLength(3);
  });

  it('tells nobody of refused calls that are no sign-ins', () => {
    let told = 0;
    limiter.onRefusedSignIns(() => (told += 1));
    for (const call of ['register', 'refresh'] as const) {
      for (let i = 0; i < 9; i += 1) {
        try {
          limiter.countCall(call, HOME);
        } catch {
          continue;
        }
      }
    }
    expect(told).toBe(0);
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['not an address', 'not an address', true],
  ])('counts %s and %s as one: %s', (first, second, together) => {
    limiter.countCall('login', first);
    limiter.countCall('login', first);
    const again = (): void => {
      limiter.countCall('login', second);
    };
    if (together) expect(again).toThrow('too_many_requests');
    else expect(again).not.toThrow();
  });

  it('forgets nobody when an unlimited number of names is made up, and grows no further', () => {
    exhaust(ATTACKER);
    const call = (): void => {
      limiter.countCall('login', HOME);
    };
    call();
    call();
    for (let index = 0; index < 100_000; index += 1) {
      limiter.countCall('login', `made up ${index}`);
      limiter.countAttempt('login', `made up ${index}`, ATTACKER);
    }
    expect(call).toThrow('too_many_requests');
    expect(() => {
      attempt(ATTACKER);
    }).toThrow('too_many_requests');
    // Nor is somebody locked out by all of those.
    limiter.countAttempt('login', 'ben', ATTACKER);
    limiter.countCall('login', '203.0.113.77');
    clock.advance(60_000);
    expect(call).not.toThrow();
    attempt(ATTACKER);
  });

  it('knows the networks that an account was signed in to from', () => {
    limiter.recognize('ann', '2001:db8:1:2::1');
    expect(limiter.partyOf('ann', '2001:db8:1:2::9')).toEqual({ name: expect.any(String), isKnown: true });
    expect(limiter.partyOf('ben', '2001:db8:1:2::9').isKnown).toBe(false);
    expect(limiter.partyOf('ann', '2001:db8:1:3::1').isKnown).toBe(false);
  });
});
