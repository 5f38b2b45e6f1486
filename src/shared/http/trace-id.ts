const TRACE_ID = Symbol('trace id');

/** A request as Node has it, which the trace that it is part of is noted on. */
interface Traced {
  [TRACE_ID]?: string;
}

/** The trace that a request is part of, in 32 hexadecimal digits; undefined when nothing is traced. */
export function traceIdOf(message: object): string | undefined {
  return (message as Traced)[TRACE_ID];
}

export function setTraceId(message: object, traceId: string): void {
  (message as Traced)[TRACE_ID] = traceId;
}
