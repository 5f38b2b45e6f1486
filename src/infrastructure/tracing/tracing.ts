import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Env } from '../../config/env.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Attributes, ExportCounts, Tracer } from './tracer.js';

/** Whether requests are traced, and by what. When they are not, nothing of OpenTelemetry is loaded. */
@Injectable()
export class Tracing implements OnApplicationShutdown {
  constructor(readonly tracer: Tracer | undefined) {}

  /** Does something in a span, which fails when that does. */
  async inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
    const span = this.tracer?.begin(name, attributes);
    if (span === undefined) return work();
    try {
      const value = await span.within(work);
      span.end();
      return value;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tracer?.stop();
  }
}

/** Traces if there is somewhere to send traces to. What is missing for it is said, and the service starts without. */
export async function startTracing(
  env: Env,
  metrics: Metrics,
  load = () => import('./open-telemetry.js'),
): Promise<Tracing> {
  const counts: ExportCounts = { sent: 0, failed: 0 };
  metrics.countOf(
    {
      name: 'upblit_trace_exports_total',
      help: 'Batches of spans for OTEL_EXPORTER_OTLP_ENDPOINT by what became of them; those that failed are lost.',
      labelNames: ['outcome'],
    },
    () => Object.entries(counts).map(([outcome, count]) => [{ outcome }, count]),
  );
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = env;
  if (endpoint === undefined) return new Tracing(undefined);
  try {
    const { OpenTelemetryTracer } = await load();
    return new Tracing(
      new OpenTelemetryTracer({
        endpoint,
        headers: env.OTEL_EXPORTER_OTLP_HEADERS ?? {},
        serviceName: env.OTEL_SERVICE_NAME,
        ratio: env.OTEL_TRACES_SAMPLER_ARG,
        counts,
      }),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    new Logger('Tracing').warn(
      'Nothing is traced: OTEL_EXPORTER_OTLP_ENDPOINT is set, and the optional packages of OpenTelemetry are not installed.',
    );
    return new Tracing(undefined);
  }
}
