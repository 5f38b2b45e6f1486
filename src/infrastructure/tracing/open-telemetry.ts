import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import type { Context, Span, Tracer as OpenTelemetry } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  SamplingDecision,
  type Sampler,
} from '@opentelemetry/sdk-trace-base';
import { setTraceId } from '../../shared/http/trace-id.js';
import { versionOfPackage } from '../metrics/build-info.js';
import { remoteParentOf } from './traceparent.js';
import type { AnsweredRequest, Attributes, ExportCounts, OpenSpan, Tracer } from './tracer.js';

/* The only file that imports OpenTelemetry, and is imported only when there is somewhere to send traces to. */

/** Spans that wait to be sent; further ones are dropped. */
const MAX_WAITING = 2048;
const MAX_BATCH = 512;
/** Milliseconds between two batches. */
const EVERY_MS = 1000;
const EXPORT_TIMEOUT_MS = 5000;
/** Milliseconds that the last batches may take together: traces are worth less than a quick end. */
const LAST_EXPORT_MS = 2000;

export interface TracerOptions {
  /** `/v1/traces` is put after it. */
  endpoint: string;
  headers: Readonly<Record<string, string>>;
  serviceName: string;
  /** Of traces that begin here, and of those that their callers keep, how many are kept here: 0 to 1. */
  ratio: number;
  /** Milliseconds that a batch may take, with its repetitions. */
  exportTimeoutMs?: number;
  /** Is kept up to date. */
  counts: ExportCounts;
}

export class OpenTelemetryTracer implements Tracer {
  private readonly contexts = new AsyncLocalStorage<Context>();
  private readonly provider: BasicTracerProvider;
  private readonly tracer: OpenTelemetry;

  constructor({
    endpoint,
    headers,
    serviceName,
    ratio,
    exportTimeoutMs = EXPORT_TIMEOUT_MS,
    counts,
  }: TracerOptions) {
    const exporter = new OTLPTraceExporter({
      url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
      headers: { ...headers },
      timeoutMillis: exportTimeoutMs,
    });
    const send = exporter.export.bind(exporter);
    exporter.export = (spans, done) => {
      send(spans, (result) => {
        counts[(result.code as number) === 0 ? 'sent' : 'failed'] += 1;
        done(result);
      });
    };
    const version = versionOfPackage();
    const some = new Some(ratio);
    this.provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
      // Anybody may call, and say that their trace is kept: that alone would let strangers fill what traces are sent to.
      sampler: new ParentBasedSampler({ root: some, remoteParentSampled: some }),
      spanProcessors: [
        new BatchSpanProcessor(exporter, {
          maxQueueSize: MAX_WAITING,
          maxExportBatchSize: MAX_BATCH,
          scheduledDelayMillis: EVERY_MS,
          exportTimeoutMillis: exportTimeoutMs,
        }),
      ],
    });
    this.tracer = this.provider.getTracer('upblit', version);
  }

  request(
    message: IncomingMessage,
    response: ServerResponse,
    describe: () => AnsweredRequest,
    handle: () => void,
  ): void {
    const method = message.method ?? '';
    const attributes = { 'http.request.method': method };
    const span = this.tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, callerOf(message));
    const context = trace.setSpan(ROOT_CONTEXT, span);
    setTraceId(message, span.spanContext().traceId);
    // The body is read in events, which come in a context of the connection.
    const emit = message.emit.bind(message) as (...event: unknown[]) => boolean;
    message.emit = (...event: unknown[]) => this.contexts.run(context, emit, ...event);
    response.once('close', () => {
      const { route, status } = describe();
      span.updateName(`${method} ${route}`);
      span.setAttribute('http.route', route);
      if (status === null) span.setAttribute('error.type', 'cut_off');
      else span.setAttribute('http.response.status_code', status);
      if (status === null || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    this.contexts.run(context, handle);
  }

  begin(name: string, attributes: Attributes, { onlyWithin = false } = {}): OpenSpan | undefined {
    const parent = this.contexts.getStore();
    if (parent === undefined && onlyWithin) return undefined;
    const span = this.tracer.startSpan(name, { attributes }, parent ?? ROOT_CONTEXT);
    const context = trace.setSpan(ROOT_CONTEXT, span);
    return {
      within: (work) => this.contexts.run(context, work),
      end: (failure) => {
        endSpan(span, failure);
      },
    };
  }

  async stop(withinMs = LAST_EXPORT_MS): Promise<void> {
    const late = new AbortController();
    const stopped = this.provider.shutdown().catch(() => undefined);
    await Promise.race([stopped, sleep(withinMs, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
  }
}

/** Keeps some by chance. To go by the id of the trace would be to go by what the caller has chosen. */
class Some implements Sampler {
  constructor(private readonly ratio: number) {}

  shouldSample(): { decision: SamplingDecision } {
    const isKept = Math.random() < this.ratio;
    return { decision: isKept ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
  }
}

function callerOf(message: IncomingMessage): Context {
  const parent = remoteParentOf(message);
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, isSampled } = parent;
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** The message of an error may hold what somebody has sent: only its name and its code are told. */
function endSpan(span: Span, failure: unknown): void {
  if (failure !== undefined) {
    const { name = 'Error', code } = failure as { name?: string; code?: unknown };
    span.setAttribute('error.type', typeof code === 'string' ? code : name);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
