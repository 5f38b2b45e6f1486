import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../../shared/domain-error.js';
import { withDeadline } from '../../../shared/concurrency/deadline.js';
import { MailDelayed } from './mailer.js';

/** At once: a server of mails that hangs holds up no more than these. */
const CONCURRENCY = 2;
const MAX_WAITING = 1000;
/** Mails that are to be tried again. */
const MAX_DELAYED = 1000;
/** Milliseconds that the end of the process waits for mails. */
const DRAIN_MS = 5000;

/**
 * Does what belongs to a mail after the request that asks for it was answered: so nobody can tell from an answer, or from
 * when it came, whether there was anybody to write to. What waits is lost with the process; people ask again.
 *
 * What is to be tried again takes no place while it pauses, and comes after everything else: mails to servers that are
 * not there keep nobody waiting.
 */
@Injectable()
export class MailQueue implements OnModuleDestroy {
  private readonly logger = new Logger(MailQueue.name);
  private readonly jobs: (() => Promise<void>)[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly pausing = new Set<Promise<void>>();
  private readonly again: (() => Promise<void>)[] = [];
  private readonly end = new AbortController();
  readonly counts = { done: 0, failed: 0 };

  constructor() {
    // As many as may pause listen to it, where Node warns of more than ten.
    setMaxListeners(0, this.end.signal);
  }

  get waiting(): number {
    return this.jobs.length + this.delayed;
  }

  private get delayed(): number {
    return this.pausing.size + this.again.length;
  }

  /** Throws `service_unavailable` when too many are waiting. */
  add(job: () => Promise<void>): void {
    if (this.jobs.length >= MAX_WAITING) {
      throw new DomainError('service_unavailable', 'Too many mails are waiting: try again in a moment.', {
        retryAfter: 60,
      });
    }
    this.jobs.push(job);
    this.next();
  }

  /** Resolves when nothing is left. */
  async idle(): Promise<void> {
    while (this.running.size + this.pausing.size > 0) await Promise.all([...this.running, ...this.pausing]);
  }

  async onModuleDestroy(): Promise<void> {
    await withDeadline(this.idle(), DRAIN_MS, () => new Error('late')).catch(() => {
      this.logger.warn(`${this.waiting + this.running.size} mails were not sent before the end`);
      this.end.abort();
      this.jobs.length = 0;
      this.again.length = 0;
    });
  }

  private next(): void {
    if (this.running.size >= CONCURRENCY) return;
    const job = this.jobs.shift() ?? this.again.shift();
    if (job === undefined) return;
    const run = this.run(job).finally(() => {
      this.running.delete(run);
      this.next();
    });
    this.running.add(run);
  }

  private async run(job: () => Promise<void>): Promise<void> {
    // Whoever has added it is answered first.
    await Promise.resolve();
    try {
      await job();
      this.counts.done += 1;
    } catch (thrown) {
      const isDelayed = thrown instanceof MailDelayed;
      if (isDelayed && this.delayed < MAX_DELAYED) {
        this.delay(thrown);
        return;
      }
      this.counts.failed += 1;
      const error = isDelayed ? thrown.cause : thrown;
      // What a server of mails says may hold the address.
      const {
        name,
        code = name,
        responseCode = '',
      } = error as Error & { code?: string; responseCode?: number };
      this.logger.warn(`A mail could not be sent: ${code} ${responseCode}`.trimEnd());
    }
  }

  private delay({ pause, again }: MailDelayed): void {
    const pausing = sleep(pause, undefined, { ref: false, signal: this.end.signal })
      .then(() => {
        this.again.push(again);
      })
      // At the end of the process it is not tried again.
      .catch(() => undefined)
      .finally(() => {
        this.pausing.delete(pausing);
        this.next();
      });
    this.pausing.add(pausing);
  }
}
