import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { keyUsageQuery, USAGE_RANGES, type KeyUsage, type UsageRange } from '../../api/key-queries.js';
import { LoadProblem } from '../../components/loading.js';
import { percentageOf } from '../../components/percentage.js';
import { bucketName } from './buckets.js';
import { Panel } from './panel.js';
import { VERDICT_CODES, VERDICTS } from './verdicts.js';

/** The library for charts comes with the first chart. */
const UsageChart = lazy(() => import('./usage-chart.js'));

const RANGES = Object.keys(USAGE_RANGES) as UsageRange[];
const number = new Intl.NumberFormat();

export function KeyUsagePanel({ keyId }: { keyId: string }) {
  const [range, setRange] = useState<UsageRange>('30d');
  const { data, error } = useQuery({
    ...keyUsageQuery(keyId, range),
    // The range before stays until the next one is there: nothing moves.
    placeholderData: keepPreviousData,
  });
  return (
    <Panel
      title="Verifications"
      isWide
      tools={
        <div className="segments" role="group" aria-label="Time">
          {RANGES.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === range}
              onClick={() => {
                setRange(one);
              }}
            >
              {USAGE_RANGES[one].label}
            </button>
          ))}
        </div>
      }
    >
      {error !== null && data === undefined ? (
        <LoadProblem error={error} />
      ) : (
        <div className="usage" aria-busy={data === undefined}>
          <Totals usage={data} />
          <div className="chart-frame">
            {data !== undefined && (
              <Suspense>
                <UsageChart usage={data} />
              </Suspense>
            )}
          </div>
          {data !== undefined && <UsageTable usage={data} />}
        </div>
      )}
    </Panel>
  );
}

/** How many in all, and of each verdict that there was: the legend of the chart. */
function Totals({ usage }: { usage: KeyUsage | undefined }) {
  const all = usage === undefined ? 0 : VERDICT_CODES.reduce((sum, code) => sum + usage.counts[code], 0);
  const refused = usage === undefined ? 0 : all - usage.counts.VALID;
  return (
    <>
      <p className="totals">
        <strong>{usage === undefined ? '…' : number.format(all)}</strong>{' '}
        <span className="soft small">
          {all === 1 ? 'verification' : 'verifications'}
          {all > 0 && `, ${percentageOf(refused, all)} refused`}
        </span>
      </p>
      <ul className="legend small">
        {VERDICT_CODES.filter((code) => code === 'VALID' || (usage?.counts[code] ?? 0) > 0).map((code) => (
          <li key={code}>
            <span className={`swatch v-${code}`} aria-hidden="true" />
            {VERDICTS[code]}
            <span className="soft">{usage !== undefined && number.format(usage.counts[code])}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The same for whoever cannot see the chart, or wants the numbers. */
function UsageTable({ usage }: { usage: KeyUsage }) {
  const shown = VERDICT_CODES.filter((code) => code === 'VALID' || usage.counts[code] > 0);
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      className="more"
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>As a table</summary>
      {isOpen && (
        <div className="numbers" tabIndex={0} role="region" aria-label="Verifications as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">{usage.granularity === 'day' ? 'Day (UTC)' : 'Hour'}</th>
                {shown.map((code) => (
                  <th key={code} scope="col">
                    {VERDICTS[code]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {[...usage.buckets].reverse().map(({ start, counts }) => (
                <tr key={start}>
                  <th scope="row">{bucketName(usage, start)}</th>
                  {shown.map((code) => (
                    <td key={code}>{number.format(counts[code])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
