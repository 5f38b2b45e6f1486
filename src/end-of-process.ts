const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Milliseconds to close pools and the embedded database, once no request is left. */
const CLOSING_TIMEOUT = 10_000;

/** Milliseconds in which a signal is the same one again: npm passes on to us what the terminal has sent to both. */
const ECHO = 500;

/**
 * What has to be undone before the process ends, last things first. The first signal ends the process in good
 * order, a second one at once.
 */
export class EndOfProcess {
  private readonly steps: (() => Promise<void>)[] = [];
  private endingSince: number | undefined;

  /** @param requestsMs how long the requests that are running may take, in milliseconds */
  constructor(private readonly requestsMs: number) {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (this.endingSince === undefined) void this.end(0);
        else if (performance.now() - this.endingSince > ECHO) process.exit(1);
      });
    }
  }

  before(step: () => Promise<void>): void {
    this.steps.push(step);
  }

  async end(exitCode: number): Promise<void> {
    this.endingSince ??= performance.now();
    setTimeout(() => process.exit(1), this.requestsMs + CLOSING_TIMEOUT).unref();
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
    process.exit(code);
  }
}
