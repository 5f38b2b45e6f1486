import { CheckCircledIcon, LockClosedIcon } from '@radix-ui/react-icons';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { USAGE_RANGES, type UsageRange } from '../../api/key-queries.js';
import { LoadProblem, Skeleton } from '../../components/loading.js';
import { RelativeTime } from '../../components/time.js';
import { useTitle } from '../../components/use-title.js';
import { percentageOf } from '../../components/percentage.js';
import '../../styles/key-page.css';
import '../../styles/overview.css';
import { useApplication } from '../application-context.js';
import { Panel } from '../key/panel.js';
import { reasonOf, VERDICT_CODES, VERDICTS } from '../key/verdicts.js';
import { useKeys } from '../use-keys.js';
import { endOf } from '../use-people.js';
import { concernsOf } from './attention.js';
import { applicationDenialsQuery, applicationUsageQuery, type ApplicationUsage } from './overview-queries.js';

/** The library for charts comes with the first chart. */
const UsageChart = lazy(() => import('../key/usage-chart.js'));

const RANGES = Object.keys(USAGE_RANGES) as UsageRange[];
const number = new Intl.NumberFormat();

/** Names of keys that a concern has room for. */
const NAMES = 4;

export function OverviewPage() {
  const application = useApplication();
  const [range, setRange] = useState<UsageRange>('30d');
  const { keys, error } = useKeys(application.id);
  const usage = useQuery({
    ...applicationUsageQuery(application.id, range),
    // What was there stays until the next is: nothing moves.
    placeholderData: keepPreviousData,
  });
  useTitle(application.name);
  if (keys?.length === 0) return <FirstKey applicationId={application.id} />;

  return (
    <div className="key-panels overview">
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
        {usage.error !== null && usage.data === undefined ? (
          <LoadProblem error={usage.error} />
        ) : (
          <Verifications usage={usage.data} />
        )}
      </Panel>
      <Panel title="Keys that are used most">
        {usage.error !== null && usage.data === undefined ? (
          <LoadProblem error={usage.error} />
        ) : (
          <TopKeys usage={usage.data} />
        )}
      </Panel>
      <Panel title="What needs attention">
        {keys === undefined && error !== null && <LoadProblem error={error} />}
        {keys === undefined && error === null && <Skeleton rows={3} label="Looking at the keys" />}
        {keys !== undefined && (
          <Attention concerns={concernsOf(keys, Date.now())} applicationId={application.id} />
        )}
      </Panel>
      <Refusals applicationId={application.id} />
    </div>
  );
}

function Verifications({ usage }: { usage: ApplicationUsage | undefined }) {
  const all = usage === undefined ? 0 : sumOf(usage.counts);
  const refused = usage === undefined ? 0 : all - usage.counts.VALID;
  const shown = VERDICT_CODES.filter((code) => code === 'VALID' || (usage?.counts[code] ?? 0) > 0);
  return (
    <div className="usage" aria-busy={usage === undefined}>
      <dl className="figures">
        <Figure name="Verifications">{usage === undefined ? '…' : number.format(all)}</Figure>
        <Figure name="Refused">{usage === undefined ? '…' : number.format(refused)}</Figure>
        <Figure name="Share refused">
          {usage === undefined || all === 0 ? '–' : percentageOf(refused, all)}
        </Figure>
      </dl>
      <ul className="legend small">
        {shown.map((code) => (
          <li key={code}>
            <span className={`swatch v-${code}`} aria-hidden="true" />
            {VERDICTS[code]}
            <span className="soft">{usage !== undefined && number.format(usage.counts[code])}</span>
          </li>
        ))}
      </ul>
      <div className="chart-frame">
        {usage !== undefined && (
          <Suspense>
            <UsageChart usage={{ ...usage, keyId: '' }} />
          </Suspense>
        )}
      </div>
    </div>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="soft small">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function TopKeys({ usage }: { usage: ApplicationUsage | undefined }) {
  const { applicationId = '', groups = [] } = usage ?? {};
  if (usage === undefined) return <Skeleton rows={3} label="Loading the use of keys" />;
  if (groups.length === 0) return <p className="soft small">No key was used in this time.</p>;
  const most = Math.max(...groups.map(({ counts }) => sumOf(counts)));
  return (
    <ol className="ranking">
      {groups.map(({ value, name, counts }) => (
        <li key={value}>
          <span className="ranking-name truncate">
            {name === null ? (
              <span className="soft">A key that was deleted</span>
            ) : (
              <Link to="/applications/$applicationId/keys" params={{ applicationId }} search={{ q: name }}>
                {name}
              </Link>
            )}
          </span>
          <span className="soft small">{number.format(sumOf(counts))}</span>
          <meter
            min={0}
            max={most}
            value={sumOf(counts)}
            aria-label={`Share of ${name ?? 'a deleted key'}`}
          />
        </li>
      ))}
    </ol>
  );
}

function Attention({
  concerns,
  applicationId,
}: {
  concerns: ReturnType<typeof concernsOf>;
  applicationId: string;
}) {
  if (concerns.length === 0) {
    return (
      <p className="all-well">
        <CheckCircledIcon aria-hidden="true" /> Nothing at present.
      </p>
    );
  }
  return (
    <ul className="key-rows">
      {concerns.map(({ id, title, advice, keys }) => (
        <li key={id}>
          <p>
            <strong>{title}</strong> <span className="badge warn">{keys.length}</span>
          </p>
          <p className="small names">
            {keys.slice(0, NAMES).map(({ id: keyId, name }, index) => (
              <span key={keyId}>
                {index > 0 && ', '}
                <Link to="/applications/$applicationId/keys" params={{ applicationId }} search={{ q: name }}>
                  {name}
                </Link>
              </span>
            ))}
            {keys.length > NAMES && ` and ${keys.length - NAMES} more`}
          </p>
          <p className="soft small">{advice}</p>
        </li>
      ))}
    </ul>
  );
}

function Refusals({ applicationId }: { applicationId: string }) {
  const { data, error } = useQuery(applicationDenialsQuery(applicationId));
  const { keys = [] } = useKeys(applicationId);
  const nameOf = (keyId: string | null): string => {
    if (keyId === null) return 'No key of this application';
    // Perhaps it is not loaded yet, or is one of very many.
    return keys.find(({ id }) => id === keyId)?.name ?? `Key ${endOf(keyId)}`;
  };
  return (
    <Panel title="Recent refusals" isWide>
      {data === undefined && error !== null && <LoadProblem error={error} />}
      {data === undefined && error === null && <Skeleton rows={3} label="Loading refusals" />}
      {data?.length === 0 && <p className="soft small">Nothing was refused lately.</p>}
      {data !== undefined && data.length > 0 && (
        <ul className="key-rows">
          {data.map((denial) => (
            <li key={denial.id}>
              <p>
                <span className={`swatch v-${denial.verdict}`} aria-hidden="true" />
                <strong>{nameOf(denial.keyId)}</strong>{' '}
                <span className="badge mute">{VERDICTS[denial.verdict]}</span>
                {denial.repeated > 1 && <span className="badge mute">× {denial.repeated}</span>}
              </p>
              <p className="soft small">
                {reasonOf(denial)} <RelativeTime time={denial.at} />
                {denial.address !== null && (
                  <>
                    {' '}
                    from <code>{denial.address}</code>
                  </>
                )}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function FirstKey({ applicationId }: { applicationId: string }) {
  return (
    <section className="empty">
      <span className="empty-mark">
        <LockClosedIcon aria-hidden="true" />
      </span>
      <h2>Nothing to see yet</h2>
      <p className="soft">
        Once there are keys, their use and their refusals stand here, and what needs attention.
      </p>
      <Link to="/applications/$applicationId/keys" params={{ applicationId }} className="button primary">
        Create the first key
      </Link>
    </section>
  );
}

function sumOf(counts: ApplicationUsage['counts']): number {
  return VERDICT_CODES.reduce((sum, code) => sum + counts[code], 0);
}
