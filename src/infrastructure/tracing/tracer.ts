import type { IncomingMessage, ServerResponse } from 'node:http';

/** What is known of an answer. */
export interface AnsweredRequest {
  /** The pattern of its route. */
  readonly route: string;
  /** Null for what was cut off before it was answered. */
  readonly status: number | null;
}

/** Values of attributes: names and numbers, never what somebody has sent. */
export type Attributes = Readonly<Record<string, string | number>>;

/** Makes spans. What it does with them harms nobody: it neither throws nor waits. */
export interface Tracer {
  /** Handles a request in a span of its own, which ends with its answer. */
  request(
    message: IncomingMessage,
    response: ServerResponse,
    describe: () => AnsweredRequest,
    handle: () => void,
  ): void;
  /** Begins a span within the current one; without a current one it begins a trace, or with `onlyWithin` nothing. */
  begin(name: string, attributes: Attributes, options?: { onlyWithin?: boolean }): OpenSpan | undefined;
  /**
   * Sends what waits, and resolves when it was sent or given up, or after so many milliseconds: what is under way then goes
   * on, until the time of its batch is over.
   */
  stop(withinMs?: number): Promise<void>;
}

export interface OpenSpan {
  /** Does something in this span, so that what begins there is within it. */
  within<T>(work: () => T): T;
  end(failure?: unknown): void;
}

/** What became of batches of spans. */
export type ExportCounts = Record<'sent' | 'failed', number>;
