import { Injectable } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';

/**
 * The database's clock as this process knows it, so that all nodes agree on when a key expires, whatever their own
 * clocks say or are set to. Between two answers of the database that bring its time along it goes on by the monotonic
 * clock.
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

  /** When a question is sent, for `set`. */
  sending(): number {
    return this.clock.monotonic();
  }

  /**
   * Somewhere between the sending and the arrival of this answer the database's clock showed `time`; what we took it
   * for is changed no more than that takes. So the error is never longer than the answer took, however often the
   * database's clock is put forward or back, and a late answer does not undo what a quick one has told.
   *
   * @param time Milliseconds since the epoch.
   * @param sent What `sending` said before the question was sent.
   */
  set(time: number, sent: number): void {
    const least = time - this.clock.monotonic();
    const most = time - sent;
    this.offset = Math.min(Math.max(this.offset, least), most);
  }
}
