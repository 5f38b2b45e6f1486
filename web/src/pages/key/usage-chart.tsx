import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { KeyUsage, Verdict } from '../../api/key-queries.js';
import { bucketName, dayName } from './buckets.js';
import { VERDICT_CODES, VERDICTS } from './verdicts.js';

const HEIGHT = 220;
const number = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact' });

/** Bars of verdicts, one upon the other. The table beside it says the same. */
export default function UsageChart({ usage }: { usage: KeyUsage }) {
  const frame = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number>();
  const theme = useColorChange();

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const chart = draw(element, usage, setPointed);
    const watcher = new ResizeObserver(() => {
      chart.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      chart.destroy();
    };
  }, [usage, theme]);

  const bucket = pointed === undefined ? undefined : usage.buckets[pointed];
  return (
    <div aria-hidden="true">
      <div ref={frame} className="chart" />
      <p className="pointed small soft">
        {bucket === undefined ? (
          'Point at a bar to see its numbers.'
        ) : (
          <>
            <strong>{bucketName(usage, bucket.start)}</strong>
            {': '}
            {VERDICT_CODES.filter((code) => code === 'VALID' || bucket.counts[code] > 0)
              .map((code) => `${number.format(bucket.counts[code])} ${VERDICTS[code].toLowerCase()}`)
              .join(', ')}
          </>
        )}
      </p>
    </div>
  );
}

function draw(element: HTMLElement, usage: KeyUsage, onPoint: (index: number | undefined) => void): uPlot {
  const shown = VERDICT_CODES.filter((code) => code === 'VALID' || usage.counts[code] > 0);
  // The last one stands on all others: it is drawn first, and each further one over the lower part of it.
  const stacks = [...shown].reverse().map((code) => ({ code, heights: heightsOf(usage, shown, code) }));
  const colors = colorsOf(element, ['line', 'axis', ...shown]);
  const bars = uPlot.paths.bars?.({ size: [0.72, 28], radius: 0.15 });
  const axis = {
    stroke: colors.get('axis') ?? '#888',
    font: `12px ${getComputedStyle(element).fontFamily}`,
    ticks: { show: false },
  };
  const size = usage.granularity === 'day' ? 86_400 : 3600;
  const grid = { stroke: colors.get('line') ?? '#ddd', width: 1 };
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      // Days are those of UTC.
      ...(usage.granularity === 'day' && {
        tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      }),
      scales: {
        // Room for the whole of the first and of the last bar.
        x: { range: (_, min, max) => [min - size / 2, max + size / 2] },
        y: { range: (_, __, max) => [0, Math.max(4, max * 1.08)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          ...(usage.granularity === 'day' && {
            // One line, in the words of everything else: `10/30` is read in two ways.
            size: 28,
            space: 64,
            values: (_: uPlot, days: number[]) => days.map((day) => dayName(new Date(day * 1000))),
          }),
        },
        {
          ...axis,
          grid,
          size: 44,
          values: (_, values) =>
            values.map((value) => (Number.isInteger(value) ? compact.format(value) : '')),
        },
      ],
      series: [
        {},
        ...stacks.map(({ code }) => ({
          stroke: colors.get(code) ?? '#888',
          fill: colors.get(code) ?? '#888',
          width: 0,
          points: { show: false },
          ...(bars !== undefined && { paths: bars }),
        })),
      ],
      hooks: {
        setCursor: [
          ({ cursor: { idx } }) => {
            onPoint(idx ?? undefined);
          },
        ],
      },
    },
    [usage.buckets.map(({ start }) => Date.parse(start) / 1000), ...stacks.map(({ heights }) => heights)],
    element,
  );
}

/** In each bucket, of this verdict and all that stand below it. */
function heightsOf(usage: KeyUsage, shown: readonly Verdict[], code: Verdict): number[] {
  const below = shown.slice(0, shown.indexOf(code) + 1);
  return usage.buckets.map(({ counts }) => below.reduce((sum, one) => sum + counts[one], 0));
}

/** What the style sheet says of them in the theme of the moment: a canvas knows no custom properties. */
function colorsOf(element: HTMLElement, names: readonly string[]): ReadonlyMap<string, string> {
  const probe = document.createElement('span');
  element.append(probe);
  const colors = names.map((name) => {
    probe.className = `v-${name}`;
    return [name, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  return new Map(colors);
}

/** Changes with the theme, whoever has chosen it. */
function useColorChange(): number {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const change = (): void => {
      setChanges((count) => count + 1);
    };
    const system = matchMedia('(prefers-color-scheme: dark)');
    const chosen = new MutationObserver(change);
    system.addEventListener('change', change);
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      system.removeEventListener('change', change);
      chosen.disconnect();
    };
  }, []);
  return changes;
}
