import { AsyncResource } from 'node:async_hooks';

interface Call<Request, Answer> {
  readonly request: Request;
  /** The context of the call: the trace that it is part of. `AsyncLocalStorage.snapshot` costs ten times as much. */
  readonly context: AsyncResource;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

interface Batch<Request, Answer> {
  readonly partitions: string[];
  readonly calls: Call<Request, Answer>[];
}

export interface BatcherOptions {
  /** Batches under way at a time. */
  maxBatches: number;
  /** Calls in one batch. */
  maxCalls: number;
}

/**
 * Joins calls that come in one turn of the event loop, and those that come while others are under way, into one batch, so
 * that many calls share one statement and one commit. A batch leaves after the turn, which costs a call that is alone
 * nothing: of requests that arrive together the first would otherwise leave by itself, and the others wait for it.
 *
 * A partition has one batch under way at a time, and its calls keep the order of their arrival. A batch that fails takes
 * along the calls that wait behind it in its partitions: they would wait as long again for the same.
 */
export class Batcher<Request, Answer> {
  private readonly ready = new Map<string, Call<Request, Answer>[]>();
  /** What waits in the partitions that have a batch under way. */
  private readonly behind = new Map<string, Call<Request, Answer>[]>();
  private batches = 0;
  private isLeaving = false;

  /** `send` answers each request of a batch, in their order. */
  constructor(
    private readonly send: (requests: readonly Request[]) => Promise<readonly Answer[]>,
    private readonly options: BatcherOptions,
  ) {}

  call(partition: string, request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = { request, resolve, reject, context: new AsyncResource('BatcherCall') };
      const queue = this.behind.get(partition) ?? this.ready.get(partition);
      if (queue === undefined) this.ready.set(partition, [call]);
      else queue.push(call);
      this.leaveSoon();
    });
  }

  /** Calls that have not left yet. */
  get waiting(): number {
    let calls = 0;
    for (const queue of this.ready.values()) calls += queue.length;
    for (const queue of this.behind.values()) calls += queue.length;
    return calls;
  }

  private leaveSoon(): void {
    if (this.isLeaving) return;
    this.isLeaving = true;
    setImmediate(() => {
      this.isLeaving = false;
      this.leave();
    });
  }

  private leave(): void {
    while (this.ready.size > 0 && this.batches < this.options.maxBatches) void this.run(this.nextBatch());
  }

  private nextBatch(): Batch<Request, Answer> {
    const batch: Batch<Request, Answer> = { partitions: [], calls: [] };
    for (const [partition, queue] of this.ready) {
      const room = this.options.maxCalls - batch.calls.length;
      if (room === 0) break;
      batch.partitions.push(partition);
      batch.calls.push(...queue.splice(0, room));
      this.ready.delete(partition);
      this.behind.set(partition, queue);
    }
    return batch;
  }

  private async run({ partitions, calls }: Batch<Request, Answer>): Promise<void> {
    this.batches++;
    try {
      // Who begins it is the batch before, of which none of these calls is.
      const send = (): Promise<readonly Answer[]> => this.send(calls.map(({ request }) => request));
      const answers = await (calls[0]?.context.runInAsyncScope(send) ?? send());
      if (answers.length !== calls.length) throw new Error('a batch was not answered call by call');
      calls.forEach((call, index) => {
        call.resolve(answers[index] as Answer);
      });
    } catch (error) {
      const waiting = partitions.flatMap((partition) => this.behind.get(partition)?.splice(0) ?? []);
      for (const call of [...calls, ...waiting]) call.reject(error);
    } finally {
      this.batches--;
      for (const partition of partitions) {
        const queue = this.behind.get(partition);
        this.behind.delete(partition);
        if (queue !== undefined && queue.length > 0) this.ready.set(partition, queue);
      }
      this.leaveSoon();
    }
  }
}
