import type { Clock } from './clock.js';
import { singleFlight } from './concurrency/single-flight.js';
import { DomainError } from './domain-error.js';

/** All in milliseconds. */
export interface RemoteCopyTimes {
  /** From here on it is read again before it is looked into. */
  readonly maxAge: number;
  /** How long it is used while it cannot be read: meanwhile something may have been withdrawn. */
  readonly maxAgeUnreachable: number;
  /** Between two readings, whatever asks for them: anybody can ask for what is not there. */
  readonly cooldown: number;
  /** The same, before it was read for the first time. */
  readonly firstRetry: number;
}

/**
 * When something that others publish, such as their keys, is read again: when it is old, or what is looked for is not in
 * it. It goes by the monotonic clock, which nobody sets back.
 */
export class RemoteCopy {
  private readonly reload = singleFlight(() => this.read());
  private readAt = -Infinity;
  private nextReadAt = -Infinity;
  private hasFailed = false;
  private isReading = false;

  constructor(
    private readonly source: {
      /** Puts what is published in the place of what was there; rejects, and leaves that, when it cannot. */
      readonly read: () => Promise<void>;
      readonly onFailure: (error: unknown) => void;
      /** What is told of a failure to whoever looks for something. */
      readonly unavailable: string;
    },
    private readonly times: RemoteCopyTimes,
    private readonly clock: Clock,
  ) {}

  /**
   * What `lookUp` finds in it; undefined when that is not there. Throws `service_unavailable` when it may be there and
   * could not be read, or is not to be read again yet.
   *
   * @param isNew whether it may have been published this moment: then what was read before does not say that it is not
   *   there. Where strangers ask it must be left out, or they would be told of an outage that there is not.
   */
  async find<T>(lookUp: () => T | undefined | Promise<T | undefined>, isNew = false): Promise<T | undefined> {
    const began = this.clock.monotonic();
    if (this.age() > this.times.maxAge) await this.reloadUnlessJustDone();
    let found = await this.lookUpIn(lookUp);
    if (found === undefined) {
      await this.reloadUnlessJustDone();
      found = await this.lookUpIn(lookUp);
    }
    const isUnknown = this.hasFailed || (isNew && this.readAt < began);
    if (found === undefined && isUnknown) {
      const retryAfter = Math.max(1, Math.ceil((this.nextReadAt - this.clock.monotonic()) / 1000));
      throw new DomainError('service_unavailable', this.source.unavailable, { retryAfter });
    }
    return found;
  }

  private async lookUpIn<T>(lookUp: () => T | undefined | Promise<T | undefined>): Promise<T | undefined> {
    return this.age() > this.times.maxAgeUnreachable ? undefined : lookUp();
  }

  private age(): number {
    return this.clock.monotonic() - this.readAt;
  }

  private async reloadUnlessJustDone(): Promise<void> {
    if (this.isReading || this.clock.monotonic() >= this.nextReadAt) await this.reload();
  }

  private async read(): Promise<void> {
    this.isReading = true;
    try {
      // What is published while it is being read may not be in it.
      const began = this.clock.monotonic();
      await this.source.read();
      this.readAt = began;
      this.hasFailed = false;
    } catch (error) {
      this.hasFailed = true;
      this.source.onFailure(error);
    }
    const { cooldown, firstRetry } = this.times;
    this.nextReadAt = this.clock.monotonic() + (this.readAt > -Infinity ? cooldown : firstRetry);
    this.isReading = false;
  }
}
