import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';

/**
 * The database's clock as this process knows it, so that all nodes agree on when a key expires, whatever their own
 * clocks say or are set to. Every answer of the database that brings its time along sets it; between two answers it
 * goes on by the monotonic clock.
 */
@Injectable()
export class DatabaseClock {
  private offset: number;

  constructor(private readonly clock: Clock) {
    // Until the database has said its time; nothing is verified before that.
    this.offset = clock.now().getTime() - clock.monotonic();
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.clock.monotonic() + this.offset;
  }

  /** @param time What the database said just now, in milliseconds since the epoch. */
  set(time: number): void {
    this.offset = time - this.clock.monotonic();
  }
}
