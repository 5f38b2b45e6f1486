import { Clock } from '../../shared/clock.js';
import { DomainError } from '../../shared/domain-error.js';

/** Milliseconds by which the clocks of the machine may drift apart between two answers of the database. */
const DRIFT_MS = 500;

/**
 * The database's clock as this process knows it. It is the one clock of the service, so that all nodes agree on what
 * has expired, whatever the clocks of their machines say or are set to. Between two answers of the database that bring
 * its time along it goes on by the monotonic clock.
 *
 * That one stands still while the machine sleeps, and only the wall clock tells. So when the two come to disagree, the
 * time is not certain until the database has answered a question that was sent after it was noticed.
 */
export class DatabaseClock extends Clock {
  /** Of the database's clock to the monotonic one; undefined until the database has said its time. */
  private offset: number | undefined;
  /** Of the machine's wall clock to its monotonic one, when they were last compared. */
  private wallOffset: number;
  /** When they were last found to disagree, by the monotonic clock. */
  private doubtedAt = -Infinity;
  private isDoubted = false;

  constructor(private readonly machine: Clock) {
    super();
    this.wallOffset = this.measureWallOffset();
  }

  override isCertain(): boolean {
    this.compareClocks();
    return !this.isDoubted;
  }

  /** Throws `service_unavailable` before the database has said its time: the machine's clock would be a guess. */
  epochMs(): number {
    if (this.offset === undefined) {
      throw new DomainError(
        'service_unavailable',
        'The database has not answered since the service started.',
        {
          retryAfter: 1,
        },
      );
    }
    return this.machine.monotonic() + this.offset;
  }

  monotonic(): number {
    return this.machine.monotonic();
  }

  /**
   * The database's clock showed `time` at some moment between the sending of a question and the arrival of its answer,
   * which is now. The offset is changed no more than that takes. So the error is never longer than the answer took,
   * however often the database's clock is put forward or back, and a late answer does not undo what a quick one told.
   *
   * @param time Milliseconds since 1970.
   * @param sent What `monotonic` said before the question was sent.
   */
  set(time: number, sent: number): void {
    const least = time - this.machine.monotonic();
    const most = time - sent;
    this.offset = Math.min(Math.max(this.offset ?? least, least), most);
    this.compareClocks();
    if (sent >= this.doubtedAt) this.isDoubted = false;
    this.wallOffset = this.measureWallOffset();
  }

  private compareClocks(): void {
    const wallOffset = this.measureWallOffset();
    if (Math.abs(wallOffset - this.wallOffset) <= DRIFT_MS) return;
    this.wallOffset = wallOffset;
    this.doubtedAt = this.machine.monotonic();
    this.isDoubted = true;
  }

  private measureWallOffset(): number {
    return this.machine.epochMs() - this.machine.monotonic();
  }
}
