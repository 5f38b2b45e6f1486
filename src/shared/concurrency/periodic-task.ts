/**
 * Does something again and again, each time an interval after the end of the time before, and never twice at once. No
 * process goes on for its sake.
 *
 * Schedulers such as `@nestjs/schedule` begin by the clock, whether or not the run before has ended, and do not tell a
 * shutdown when the one under way has.
 */
export class PeriodicTask {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isStopped = false;

  /** `task` deals with its errors itself: a rejection ends the process, as any that nobody handles. */
  constructor(
    private readonly task: () => Promise<unknown>,
    private readonly everyMs: number,
  ) {}

  /** The first time comes after an interval. */
  start(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      void this.run().then(() => {
        this.start();
      });
    }, this.everyMs).unref();
  }

  /** Does it now; joins the run that is under way. */
  run(): Promise<void> {
    this.running ??= this.task().then(
      () => {
        this.running = undefined;
      },
      (error: unknown) => {
        this.running = undefined;
        throw error;
      },
    );
    return this.running;
  }

  /** Begins no more runs, and resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
  }
}
