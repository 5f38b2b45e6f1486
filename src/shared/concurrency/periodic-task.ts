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

  /**
   * `task` deals with its errors itself: a rejection ends the process, as any that nobody handles.
   *
   * @param restMs milliseconds after a run of so many until the next, should they be more than an interval
   */
  constructor(
    private readonly task: () => Promise<unknown>,
    private readonly everyMs: number,
    private readonly restMs: (runMs: number) => number = () => 0,
  ) {}

  /** The first time comes after an interval. */
  start(): void {
    this.schedule(this.everyMs);
  }

  private schedule(inMs: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      const startedAt = performance.now();
      void this.run().then(() => {
        this.schedule(Math.max(this.everyMs, this.restMs(performance.now() - startedAt)));
      });
    }, inMs).unref();
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
