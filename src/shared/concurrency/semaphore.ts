import { DomainError } from '../domain-error.js';

/** Lets a bounded number of jobs run at once, and a bounded number wait for their turn. */
export class Semaphore {
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  /** @param busy What somebody is told, as `service_unavailable`, for whom there is no room to wait. */
  constructor(
    private readonly limits: { running: number; waiting: number },
    private readonly busy: { detail: string; retryAfter: number },
  ) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.limits.running) {
      this.running += 1;
    } else {
      if (this.waiting.length >= this.limits.waiting) {
        const { detail, retryAfter } = this.busy;
        throw new DomainError('service_unavailable', detail, { retryAfter });
      }
      // Whoever finishes hands the place on.
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
