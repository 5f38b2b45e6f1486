/**
 * How far any clock's rate may be from true time: 1 %. (Crystals are off by 0.01 %, and NTP corrects a rate
 * by at most 0.05 %.) A node uses less of a lease than the others wait for, by what two such clocks can differ.
 */
export const CLOCK_RATE_ERROR = 0.01;

/** A moment on both clocks of a process, in milliseconds. */
export interface Instant {
  /** Never set, and only comparable within the process. */
  monotonic: number;
  /** May be set at any time. */
  wall: number;
}

/**
 * The time in which this node may trust its cache.
 *
 * The monotonic clock measures it, since the wall clock may be set. But the monotonic clock stands still while
 * the machine sleeps, and only the wall clock tells: so the lease is held while both say so. When the wall
 * clock is set, the lease is lost until the next renewal.
 */
export class Lease {
  private granted: Instant = { monotonic: -Infinity, wall: -Infinity };
  private readonly usableMs: number;

  /**
   * @param leaseMs How long the others wait, each by its own clock; at worst ours is the slowest that is allowed
   *   and theirs the fastest.
   */
  constructor(
    readonly leaseMs: number,
    private readonly clock: { monotonic(): number; wall(): number },
    clockRateError = CLOCK_RATE_ERROR,
  ) {
    this.usableMs = (leaseMs * (1 - clockRateError)) / (1 + clockRateError);
  }

  /** Both clocks, to be read before a renewal is sent. */
  now(): Instant {
    return { monotonic: this.clock.monotonic(), wall: this.clock.wall() };
  }

  /**
   * Grants the lease from the moment its renewal was **sent**: the database wrote it down no earlier than
   * that, so whoever reads it there waits at least as long. When the answer came says nothing.
   */
  grant(sent: Instant): void {
    this.granted = sent;
  }

  end(): void {
    this.granted = { monotonic: -Infinity, wall: -Infinity };
  }

  held(): boolean {
    if (this.clock.monotonic() - this.granted.monotonic >= this.usableMs) return false;
    const byWallClock = this.clock.wall() - this.granted.wall;
    return byWallClock >= 0 && byWallClock < this.usableMs;
  }

  /** Milliseconds since it ran out by the monotonic clock; negative before. */
  lapsedFor(): number {
    return this.clock.monotonic() - this.granted.monotonic - this.usableMs;
  }
}
