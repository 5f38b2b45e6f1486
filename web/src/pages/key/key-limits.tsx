import { useQuery } from '@tanstack/react-query';
import type { ApiKey } from '../../api/client.js';
import { applicationLimitsQuery } from '../../api/key-queries.js';
import { LoadProblem } from '../../components/loading.js';
import { Panel } from './panel.js';
import { windowOf } from './verdicts.js';

type Limits = Pick<ApiKey, 'rateLimits' | 'credits'>;

const number = new Intl.NumberFormat();

/** What bounds the use of a key: its own limits, and those that it shares with the others of its application. */
export function KeyLimits({ apiKey, applicationId }: { apiKey: ApiKey; applicationId: string }) {
  const shared = useQuery(applicationLimitsQuery(applicationId));
  return (
    <Panel title="Limits and credits">
      <dl className="key-facts">
        <Bounds limits={apiKey} />
      </dl>
      {shared.data === undefined && shared.error !== null && (
        <LoadProblem error={shared.error} what="What it shares with other keys" />
      )}
      {shared.data !== undefined && hasAny(shared.data) && (
        <>
          <h3 className="soft small">Shared with all keys of the application</h3>
          <dl className="key-facts">
            <Bounds limits={shared.data} />
          </dl>
        </>
      )}
    </Panel>
  );
}

function hasAny({ rateLimits, credits }: Limits): boolean {
  return rateLimits.length > 0 || credits !== null;
}

function Bounds({ limits: { rateLimits, credits } }: { limits: Limits }) {
  return (
    <>
      {rateLimits.length === 0 && (
        <div>
          <dt>Rate limit</dt>
          <dd className="soft">None</dd>
        </div>
      )}
      {rateLimits.map(({ name, limit, windowSeconds, cost }) => (
        <div key={name}>
          <dt>
            Rate limit <code>{name}</code>
          </dt>
          <dd>
            {number.format(limit)} per {windowOf(windowSeconds)}
            {cost !== undefined && cost > 1 && `, ${number.format(cost)} for each verification`}
          </dd>
        </div>
      ))}
      <div>
        <dt>Credits</dt>
        <dd className={credits === null ? 'soft' : ''}>
          {credits === null ? 'Unlimited' : `${number.format(credits.remaining)} left`}
          {credits?.refill && (
            <span className="soft">
              , filled up to {number.format(credits.refill.amount)}{' '}
              {credits.refill.interval === 'daily'
                ? 'every day'
                : `on day ${credits.refill.day ?? 1} of each month`}
            </span>
          )}
        </dd>
      </div>
    </>
  );
}
