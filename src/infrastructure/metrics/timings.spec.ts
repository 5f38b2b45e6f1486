import { describe, expect, it } from '@jest/globals';
import { Histogram, Registry, type MetricObjectWithValues, type MetricValueWithName } from 'prom-client';
import { Timings } from './timings.js';

const CONFIGURATION = {
  name: 'upblit_test_seconds',
  help: 'Seconds of a test.',
  labelNames: ['method', 'route'] as const,
  buckets: [0.001, 0.25, 1],
};

/** On a bound, between two, above the last, and nothing at all. */
const MILLISECONDS = [0, 0.5, 1, 1.0001, 250, 999.5, 1000, 1000.5, 86_400_000];
const CALLED = [
  { method: 'POST', route: '/apikey/verify' },
  { method: 'GET', route: 'a "quoted" \\ route' },
];

describe('times', () => {
  it("are told exactly as those of prom-client's own histogram, as text and as what workers send", async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const timings = new Timings(CONFIGURATION, ours);
    const histogram = new Histogram({
      ...CONFIGURATION,
      labelNames: [...CONFIGURATION.labelNames],
      buckets: [...CONFIGURATION.buckets],
      registers: [theirs],
    });
    for (const labels of CALLED) {
      const timer = timings.timer(labels);
      for (const milliseconds of MILLISECONDS) {
        timer(milliseconds);
        histogram.observe(labels, milliseconds / 1000);
      }
    }
    expect(lines(await ours.metrics())).toEqual(lines(await theirs.metrics()));
    for (const registry of [ours, theirs]) registry.setDefaultLabels({ worker: '2' });
    const [mine, other] = await Promise.all([ours, theirs].map((registry) => registry.getMetricsAsJSON()));
    expect(mine).toEqual(other!.map((metric) => ({ ...metric, values: expect.any(Array) })));
    expect(samples(mine!)).toEqual(samples(other!));
  });

  it('of the same labels are counted together, whoever has looked the labels up', async () => {
    const registry = new Registry();
    const timings = new Timings(CONFIGURATION, registry);
    for (const labels of [CALLED[0]!, { ...CALLED[0]! }]) timings.timer(labels)(2);
    expect(await registry.metrics()).toContain(
      'upblit_test_seconds_count{method="POST",route="/apikey/verify"} 2',
    );
  });
});

/** Sums may differ in their last bits: milliseconds are added up here, and seconds there. */
function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line.replace(
        /^(\w+_sum\{.*\}) (.*)$/,
        (_, sample: string, sum: string) => `${sample} ${Number(sum).toFixed(6)}`,
      ),
    );
}

function samples(metrics: MetricObjectWithValues<MetricValueWithName<string>>[]): unknown[] {
  return metrics.flatMap(({ values }) => values.map(({ metricName, labels }) => ({ metricName, labels })));
}
