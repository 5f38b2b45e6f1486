import cluster from 'node:cluster';
import { Injectable } from '@nestjs/common';
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type CounterConfiguration,
  type GaugeConfiguration,
  type HistogramConfiguration,
} from 'prom-client';
import { Timings, type TimingsConfiguration } from './timings.js';
import { joinMetrics, WORKER_LABEL, type Samples } from './worker-metrics.js';

/** The labels of a sample, and its value. */
export type Sample<T extends string> = readonly [labels: Record<T, string>, value: number];

/** What Prometheus reads at `GET /metrics`. Names begin with `upblit_`; labels never hold an id or a secret. */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  /** Those of every worker, when this process is one. */
  private readonly samplesOfAll: (() => Promise<Samples[]>) | undefined;

  private readonly queues = new Map<string, () => number>();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.gaugeOf(
      {
        name: 'upblit_queue_length',
        help: 'What waits: calls, or records that are yet to be written.',
        labelNames: ['queue'],
      },
      () => [...this.queues].map(([queue, length]) => [{ queue }, length()]),
    );
    const { worker } = cluster;
    if (worker === undefined) return;
    // Sums would go back with each worker that dies, which Prometheus would take for a burst.
    this.registry.setDefaultLabels({ [WORKER_LABEL]: worker.id });
    this.samplesOfAll = joinMetrics(() => this.registry.getMetricsAsJSON());
  }

  counter<T extends string>(configuration: Omit<CounterConfiguration<T>, 'registers'>): Counter<T> {
    return new Counter({ ...configuration, registers: [this.registry] });
  }

  gauge<T extends string>(configuration: Omit<GaugeConfiguration<T>, 'registers'>): Gauge<T> {
    return new Gauge({ ...configuration, registers: [this.registry] });
  }

  histogram<T extends string>(configuration: Omit<HistogramConfiguration<T>, 'registers'>): Histogram<T> {
    return new Histogram({ ...configuration, registers: [this.registry] });
  }

  /** A histogram of seconds for what is counted very often, with labels of which there are few. */
  timings<T extends string>(configuration: TimingsConfiguration<T>): Timings<T> {
    return new Timings(configuration, this.registry);
  }

  /**
   * A counter, or a gauge, whose values are plain numbers of whoever counts, and are read when Prometheus asks. On the
   * path of a verification that is cheaper than a counter with labels.
   */
  countOf<T extends string>(
    configuration: Omit<CounterConfiguration<T>, 'registers' | 'collect'>,
    read: () => Iterable<Sample<T>>,
  ): void {
    const counter: Counter<T> = this.counter({
      ...configuration,
      collect: () => {
        counter.reset();
        for (const [labels, value] of read()) counter.inc(labels, value);
      },
    });
  }

  gaugeOf<T extends string>(
    configuration: Omit<GaugeConfiguration<T>, 'registers' | 'collect'>,
    read: () => Iterable<Sample<T>>,
  ): void {
    const gauge: Gauge<T> = this.gauge({
      ...configuration,
      collect: () => {
        for (const [labels, value] of read()) gauge.set(labels, value);
      },
    });
  }

  /** How many calls, or records, wait for something; `queue` says for what. */
  queue(queue: string, length: () => number): void {
    this.queues.set(queue, length);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything, in Prometheus' text format: of all workers, whichever of them is asked. */
  async render(): Promise<string> {
    if (this.samplesOfAll === undefined) return this.registry.metrics();
    const samples = await this.samplesOfAll();
    // Of two processes no two samples are alike: nothing is really summed.
    const all = samples.map((metric) => ({ ...metric, aggregator: 'sum' }));
    return AggregatorRegistry.aggregate([all]).metrics();
  }
}
