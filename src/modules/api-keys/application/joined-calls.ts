interface Call<Request, Answer> {
  readonly request: Request;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

interface Batch<Request, Answer> {
  readonly lanes: string[];
  readonly calls: Call<Request, Answer>[];
}

export interface JoinedCallsOptions {
  /** Batches under way at a time. */
  maxBatches: number;
  /** Calls in one batch. */
  maxCalls: number;
}

/**
 * Joins calls that come while others are under way into the next batch, so that many calls share one statement
 * and one commit. A call that finds nobody before it leaves at once.
 *
 * A lane has one batch under way at a time, and its calls keep the order of their arrival. A batch that fails takes
 * along the calls that wait behind it in its lanes: they would wait as long again for the same.
 */
export class JoinedCalls<Request, Answer> {
  private readonly ready = new Map<string, Call<Request, Answer>[]>();
  /** What waits in the lanes that have a batch under way. */
  private readonly behind = new Map<string, Call<Request, Answer>[]>();
  private batches = 0;

  /** `send` answers each request of a batch, in their order. */
  constructor(
    private readonly send: (requests: readonly Request[]) => Promise<readonly Answer[]>,
    private readonly options: JoinedCallsOptions,
  ) {}

  call(lane: string, request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = { request, resolve, reject };
      const queue = this.behind.get(lane) ?? this.ready.get(lane);
      if (queue === undefined) this.ready.set(lane, [call]);
      else queue.push(call);
      this.leave();
    });
  }

  private leave(): void {
    while (this.ready.size > 0 && this.batches < this.options.maxBatches) void this.run(this.nextBatch());
  }

  private nextBatch(): Batch<Request, Answer> {
    const batch: Batch<Request, Answer> = { lanes: [], calls: [] };
    for (const [lane, queue] of this.ready) {
      const room = this.options.maxCalls - batch.calls.length;
      if (room === 0) break;
      batch.lanes.push(lane);
      batch.calls.push(...queue.splice(0, room));
      this.ready.delete(lane);
      this.behind.set(lane, queue);
    }
    return batch;
  }

  private async run({ lanes, calls }: Batch<Request, Answer>): Promise<void> {
    this.batches++;
    try {
      const answers = await this.send(calls.map(({ request }) => request));
      if (answers.length !== calls.length) throw new Error('a batch was not answered call by call');
      calls.forEach((call, index) => {
        call.resolve(answers[index] as Answer);
      });
    } catch (error) {
      const waiting = lanes.flatMap((lane) => this.behind.get(lane)?.splice(0) ?? []);
      for (const call of [...calls, ...waiting]) call.reject(error);
    } finally {
      this.batches--;
      for (const lane of lanes) {
        const queue = this.behind.get(lane);
        this.behind.delete(lane);
        if (queue !== undefined && queue.length > 0) this.ready.set(lane, queue);
      }
      this.leave();
    }
  }
}
