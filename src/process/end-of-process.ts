import type { FastifyBaseLogger } from 'fastify';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** What the primary sends to a worker that is to end. */
export const END_OF_WORKER = 'end';

/** Milliseconds to close pools and the embedded database, once no request is left. */
export const CLOSING_TIMEOUT = 10_000;

/** Milliseconds in which a signal is the same one again: npm passes on to us what the terminal has sent to both. */
const ECHO = 500;

/** What has to be undone before the process ends, last things first. */
export class EndOfProcess {
  private readonly steps: (() => Promise<void>)[] = [];
  private endingSince: number | undefined;
  private isTold = false;

  /**
   * @param requestsMs how long the requests that are running may take, in milliseconds
   * @param log told of the beginning and of the end
   */
  constructor(
    private readonly requestsMs: number,
    private readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>,
  ) {}

  /** The first signal ends the process in good order, a second one at once. */
  onSignals(): void {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (this.endingSince === undefined) {
          this.isTold = true;
          this.log.info(
            { signal, within: this.requestsMs },
            'the service ends: requests that run are finished',
          );
          void this.end(0);
        } else if (performance.now() - this.endingSince > ECHO) {
          this.log.warn({ signal }, 'the service has ended at once, whatever was running');
          process.exit(1);
        }
      });
    }
  }

  /**
   * Ends a worker in good order when its primary says so. Signals are left to the primary: a terminal, and many a
   * supervisor, sends them to every process of the group. Should the primary die, node:cluster ends the worker.
   */
  onWordOfPrimary(): void {
    for (const signal of SIGNALS) process.on(signal, () => undefined);
    process.on('message', (message) => {
      if (message === END_OF_WORKER && this.endingSince === undefined) void this.end(0);
    });
  }

  before(step: () => Promise<void>): void {
    this.steps.push(step);
  }

  async end(exitCode: number): Promise<void> {
    this.endingSince ??= performance.now();
    setTimeout(() => {
      this.log.warn({}, 'the service has ended before all was closed: it took too long');
      process.exit(1);
    }, this.requestsMs + CLOSING_TIMEOUT).unref();
    let code = exitCode;
    for (const step of this.steps.reverse()) {
      try {
        await step();
      } catch (error) {
        // The remaining steps matter all the same.
        process.stderr.write(`Closing failed: ${error instanceof Error ? error.message : String(error)}\n`);
        code = 1;
      }
    }
    // A start that fails says why, and no more.
    const milliseconds = Math.round(performance.now() - this.endingSince);
    if (this.isTold) this.log.info({ milliseconds, exitCode: code }, 'the service has ended');
    process.exit(code);
  }
}
