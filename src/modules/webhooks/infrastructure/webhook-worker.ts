import { setTimeout as sleep } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PeriodicTask } from '../../../shared/concurrency/periodic-task.js';
import { WebhookSender } from '../application/webhook-sender.js';

/** Milliseconds between two looks for what is due, while nothing ends. */
const EVERY_MS = 500;

/** Milliseconds that the end waits for what is under way, of the ten seconds that closing may take. */
const LAST_MS = 2000;

/** Looks for deliveries that are due, on every node, and after each that has ended. */
@Injectable()
export class WebhookWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(WebhookWorker.name);
  private readonly periodic = new PeriodicTask(() => this.look(), EVERY_MS);
  private stopped = false;
  private isWanted = false;
  private isFailing = false;

  constructor(private readonly sender: WebhookSender) {
    sender.onEnded(() => {
      this.lookSoon();
    });
  }

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  /** While the pool is still open. What is under way may end, for a moment; the rest is for others: its leases end. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    const ended = Promise.all([this.periodic.stop(), this.sender.stop()]);
    await Promise.race([ended, sleep(LAST_MS, undefined, { ref: false })]);
  }

  /** Sends all that is due and for which there is room. */
  run(): Promise<void> {
    return this.periodic.run();
  }

  /** Those that end meanwhile share one look. */
  private lookSoon(): void {
    if (this.isWanted || this.stopped) return;
    this.isWanted = true;
    setImmediate(() => {
      this.isWanted = false;
      if (!this.stopped) void this.periodic.run();
    });
  }

  private async look(): Promise<void> {
    try {
      while (!this.stopped && (await this.sender.sendDue()));
      this.isFailing = false;
    } catch (error) {
      // Once for each time that the database is away.
      if (!this.isFailing)
        this.logger.warn(`Webhooks are not sent at the moment: ${(error as Error).message}`);
      this.isFailing = true;
    }
  }
}
