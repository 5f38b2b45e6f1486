import { describe, expect, it } from '@jest/globals';
import { Lease } from './lease.js';

const HOUR = 3_600_000;

describe('A lease', () => {
  it('is not held before it is granted, nor after it is ended', () => {
    const { lease } = leaseAt();
    expect(lease.held()).toBe(false);
    lease.grant(lease.now());
    expect(lease.held()).toBe(true);
    lease.end();
    expect(lease.held()).toBe(false);
  });

  it('runs from the sending of its renewal, whenever the answer came', () => {
    const { lease, clock } = leaseAt();
    const sent = lease.now();
    clock.pass(900);
    lease.grant(sent);
    expect(lease.held()).toBe(true);
    clock.pass(100);
    expect(lease.held()).toBe(false);
  });

  it('is not held at all when the answer comes after it would have ended', () => {
    const { lease, clock } = leaseAt();
    const sent = lease.now();
    clock.pass(1000);
    lease.grant(sent);
    expect(lease.held()).toBe(false);
  });

  it('ends before the others stop waiting, though its clock is the slowest and theirs the fastest allowed', () => {
    const { lease, clock } = leaseAt();
    lease.grant(lease.now());
    let trueTime = 0;
    while (lease.held()) {
      clock.pass(0.99);
      trueTime += 1;
    }
    expect(trueTime * 1.01).toBeLessThanOrEqual(1000 + 1.01);
    expect(trueTime).toBeGreaterThan(980);
  });

  it('is not prolonged by setting the wall clock back an hour; it is lost until the next renewal', () => {
    const { lease, clock } = leaseAt();
    lease.grant(lease.now());
    clock.wallTime -= HOUR;
    expect(lease.held()).toBe(false);
    lease.grant(lease.now());
    expect(lease.held()).toBe(true);
    clock.pass(1000);
    expect(lease.held()).toBe(false);
  });

  it('is over when the machine slept, though the monotonic clock stood still meanwhile', () => {
    const { lease, clock } = leaseAt();
    lease.grant(lease.now());
    clock.wallTime += 60_000;
    expect(lease.held()).toBe(false);
  });

  it.each(['monotonicTime', 'wallTime'] as const)('is over to the millisecond by its %s alone', (time) => {
    const { lease, clock } = leaseAt(0);
    lease.grant(lease.now());
    clock[time] += 999;
    expect(lease.held()).toBe(true);
    clock[time] += 1;
    expect(lease.held()).toBe(false);
  });

  it('tells for how long it has been over, and never that it will be when it was not granted', () => {
    const { lease, clock } = leaseAt(0);
    expect(lease.lapsedFor()).toBe(Infinity);
    lease.grant(lease.now());
    clock.pass(400);
    expect(lease.lapsedFor()).toBe(-600);
    clock.pass(800);
    expect(lease.lapsedFor()).toBe(200);
    lease.end();
    expect(lease.lapsedFor()).toBe(Infinity);
  });
});

function leaseAt(clockRateError?: number) {
  const clock = {
    monotonicTime: 5000,
    wallTime: Date.UTC(2026, 0),
    monotonic: () => clock.monotonicTime,
    wall: () => clock.wallTime,
    pass: (ms: number) => {
      clock.monotonicTime += ms;
      clock.wallTime += ms;
    },
  };
  return { clock, lease: new Lease(1000, clock, clockRateError) };
}
