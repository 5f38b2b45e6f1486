import type { Worker } from 'node:cluster';
import { withDeadline } from '../../shared/concurrency/deadline.js';
import { singleFlight } from '../../shared/concurrency/single-flight.js';

/** What the samples of several processes are told apart by. */
export const WORKER_LABEL = 'worker';

/** Milliseconds that a worker has to say what it counts; without it the others' counts are told. */
const WORKER_DEADLINE = 1000;
/** Milliseconds that the primary has to ask all of them. */
const PRIMARY_DEADLINE = 2 * WORKER_DEADLINE;

/** What `Registry.getMetricsAsJSON` says of one metric. */
export type Samples = object;

type End = Pick<NodeJS.EventEmitter, 'on' | 'off'> & {
  send?(
    message: unknown,
    handle: undefined,
    options: undefined,
    sent: (error: Error | null) => void,
  ): boolean;
};

/** What goes over the channel between a worker and its primary, in either direction. */
type Message =
  { question: 'metrics'; call: number } | { answer: 'metrics'; call: number; samples: Samples[] };

let calls = 0;

/** In a worker: tells the primary what `own` says, whenever it asks. Returns how to ask it for everybody's. */
export function joinMetrics(own: () => Promise<Samples[]>): () => Promise<Samples[]> {
  answer(process, own);
  return singleFlight(() => ask(process, PRIMARY_DEADLINE));
}

/** In the primary: lets a worker ask for the samples of all of them. */
export function gatherMetrics(worker: Worker, workers: () => Worker[]): void {
  answer(worker, async () => {
    const answers = await Promise.all(workers().map((other) => ask(other, WORKER_DEADLINE)));
    return answers.flat();
  });
}

/** Nothing, when the other end does not answer in time. */
async function ask(other: End, deadline: number): Promise<Samples[]> {
  const call = ++calls;
  let onMessage: (message: Message) => void = () => undefined;
  const answered = new Promise<Samples[]>((resolve) => {
    onMessage = (message) => {
      if (isMessage(message) && 'answer' in message && message.call === call) resolve(message.samples);
    };
    other.on('message', onMessage);
    tell(other, { question: 'metrics', call }, () => {
      resolve([]);
    });
  });
  try {
    return await withDeadline(answered, deadline, () => new Error('no answer in time'));
  } catch {
    return [];
  } finally {
    other.off('message', onMessage);
  }
}

function answer(other: End, collect: () => Promise<Samples[]>): void {
  const collected = singleFlight(collect);
  other.on('message', (message: Message) => {
    if (!isMessage(message) || !('question' in message)) return;
    const { call } = message;
    // Who asks for what cannot be collected hears nothing, and goes on without it.
    collected().then(
      (samples) => {
        tell(other, { answer: 'metrics', call, samples });
      },
      () => undefined,
    );
  });
}

/** The receiving process may have ended by now. */
function tell(other: End, message: Message, failed: () => void = () => undefined): void {
  other.send?.(message, undefined, undefined, (error) => {
    if (error !== null) failed();
  });
}

/** The IPC channel carries other messages, too. */
function isMessage(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'call' in message;
}
