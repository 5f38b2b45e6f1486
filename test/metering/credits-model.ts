import type { Credits } from '../../src/modules/metering/domain/credits.js';

const DAY = 86_400_000;

/** One balance, kept the plain way: day by day, one verification after the other. */
export class ModelBalance {
  private remaining: number;
  private refilledUntil: number;

  constructor(
    private readonly credits: Credits,
    now: number,
  ) {
    this.remaining = credits.remaining;
    this.refilledUntil = now;
  }

  /** Looks at every midnight that has passed, one by one. */
  left(now: number): number {
    const { refill } = this.credits;
    if (refill === null || now <= this.refilledUntil) return this.remaining;
    for (let day = (Math.floor(this.refilledUntil / DAY) + 1) * DAY; day <= now; day += DAY) {
      if (refill.interval === 'daily' || isRefillDay(new Date(day), refill.day ?? 1)) {
        this.remaining = Math.max(this.remaining, refill.amount);
      }
    }
    this.refilledUntil = now;
    return this.remaining;
  }

  spend(cost: number, now: number): void {
    this.remaining = this.left(now) - cost;
  }

  set(remaining: number, now: number): void {
    this.left(now);
    this.remaining = remaining;
  }
}

function isRefillDay(midnight: Date, day: number): boolean {
  const isLastOfMonth = new Date(midnight.getTime() + DAY).getUTCDate() === 1;
  return midnight.getUTCDate() === day || (isLastOfMonth && midnight.getUTCDate() < day);
}
