import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { client } from '../api/client.js';
import { sessionsQuery, type PersonSession } from '../api/people.js';
import { unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { Button } from '../components/button.js';
import { FormProblem } from '../components/field.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { RelativeTime } from '../components/time.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { clientName } from './client-name.js';

/** Where somebody is signed in. */
export function SessionsSection() {
  const { data, error } = useQuery(sessionsQuery);
  const { isBusy, problem, submit } = useSubmit(async () => {
    unwrap(await client.DELETE('/auth/sessions'));
    await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    say('You are signed out everywhere but here.');
  });
  const others = data?.filter(({ current }) => !current).length ?? 0;
  return (
    <section className="panel" aria-labelledby="sessions">
      <div className="panel-head">
        <div>
          <h2 id="sessions">Sessions</h2>
          <p className="soft">
            Where you are signed in. If you do not recognise one, end it and change your password.
          </p>
        </div>
        {others > 0 && (
          <Button
            isBusy={isBusy}
            onClick={() => {
              submit();
            }}
          >
            End all others
          </Button>
        )}
      </div>
      <FormProblem problem={problem} />
      {data === undefined &&
        (error === null ? (
          <Skeleton rows={2} label="Loading your sessions" />
        ) : (
          <LoadProblem error={error} />
        ))}
      {data !== undefined && (
        <ul className="rows">
          {data.map((one) => (
            <SessionRow key={one.id} session={one} />
          ))}
        </ul>
      )}
    </section>
  );
}

function SessionRow({ session }: { session: PersonSession }) {
  const { id, current, userAgent, address, lastUsedAt, createdAt } = session;
  const [isGone, setGone] = useState(false);
  const { isBusy, problem, submit } = useSubmit(async () => {
    const answer = await client.DELETE('/auth/sessions/{id}', { params: { path: { id } } });
    // It has ended by itself meanwhile.
    if (answer.response.status !== 404) unwrap(answer);
    setGone(true);
    await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    say(`The session of ${clientName(userAgent)} is ended.`);
  });
  if (isGone) return null;
  return (
    <li className="list-row">
      <div>
        <p className="list-title">
          <span title={userAgent ?? undefined}>{clientName(userAgent)}</span>
          {current && <span className="badge dot ok">This one</span>}
        </p>
        <p className="soft small">
          Last used <RelativeTime time={lastUsedAt} />
          {address !== null && (
            <>
              {' from '}
              <span className="mono break">{address}</span>
            </>
          )}
          {' · signed in '}
          <RelativeTime time={createdAt} />
        </p>
        <FormProblem problem={problem} />
      </div>
      {!current && (
        <Button
          isBusy={isBusy}
          aria-label={`End the session of ${clientName(userAgent)}`}
          onClick={() => {
            submit();
          }}
        >
          End
        </Button>
      )}
    </li>
  );
}
