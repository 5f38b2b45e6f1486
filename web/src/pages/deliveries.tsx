import { UpdateIcon } from '@radix-ui/react-icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { client } from '../api/client.js';
import { ProblemError, unwrap } from '../api/problem.js';
import { queryClient } from '../api/queries.js';
import { deliveriesQuery, type Delivery, type Webhook } from '../api/webhooks.js';
import { Button } from '../components/button.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { RelativeTime } from '../components/time.js';
import { say, warn } from '../components/toast.js';

const STATES: Readonly<Record<Delivery['state'], [label: string, tone: string]>> = {
  pending: ['Waiting', 'warn'],
  delivered: ['Delivered', 'ok'],
  dead: ['Given up', 'danger'],
};

const FAILURES: Readonly<Record<NonNullable<Delivery['failure']>, string>> = {
  timeout: 'No answer in time',
  address_refused: 'Not a public address',
  name_not_found: 'Name not found',
  connection_failed: 'No connection',
  certificate_refused: 'Certificate refused',
  redirect: 'Redirect',
  status: 'Refused',
  gone: 'Gone',
  disabled: 'Webhook disabled',
  secret_unavailable: 'Secret not available',
};

/** What was sent to a webhook, and what it answered. */
export function DeliveriesSection({ webhook }: { webhook: Webhook }) {
  const [state, setState] = useState<Delivery['state']>();
  const query = deliveriesQuery(webhook.applicationId, webhook.id, state);
  const { data, error, hasNextPage, fetchNextPage, refetch } = useInfiniteQuery(query);
  const host = new URL(webhook.url).host;
  const deliveries = data?.pages.flatMap((page) => page.data);

  return (
    <section aria-label={`Deliveries to ${host}`} className="deliveries">
      <div className="toolbar">
        <h2>Deliveries to {host}</h2>
        <span className="spring" />
        <Button icon={<UpdateIcon aria-hidden="true" />} onClick={() => void refetch()}>
          Refresh
        </Button>
      </div>
      <div className="segments" role="group" aria-label="State">
        {([undefined, 'pending', 'delivered', 'dead'] as const).map((one) => (
          <button
            key={one ?? 'all'}
            type="button"
            aria-pressed={state === one}
            onClick={() => {
              setState(one);
            }}
          >
            {one === undefined ? 'All' : STATES[one][0]}
          </button>
        ))}
      </div>
      {deliveries === undefined ? (
        error === null ? (
          <Skeleton rows={3} label="Loading the deliveries" />
        ) : (
          <LoadProblem error={error} />
        )
      ) : deliveries.length === 0 ? (
        <p className="soft">Nothing was sent{state === undefined ? ' yet' : ' that is so'}.</p>
      ) : (
        <div className="table-frame">
          <table className="keys">
            <thead>
              <tr>
                <th scope="col">Event</th>
                <th scope="col">State</th>
                <th scope="col">Answer</th>
                <th scope="col">Attempts</th>
                <th scope="col">Created</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {deliveries.map((delivery) => (
                <DeliveryRow key={delivery.id} webhook={webhook} delivery={delivery} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasNextPage && <Button onClick={() => void fetchNextPage()}>Load more deliveries</Button>}
    </section>
  );
}

function DeliveryRow({ webhook, delivery }: { webhook: Webhook; delivery: Delivery }) {
  const { id, type, state, status, failure, attempts, nextAttemptAt, durationMs, createdAt } = delivery;
  const [label, tone] = STATES[state];
  return (
    <tr>
      <th scope="row">
        <code>{type}</code>
        <code className="hint-code" title={id}>
          …{id.slice(-6)}
        </code>
      </th>
      <td data-label="State">
        <span className={`badge dot ${tone}`}>{label}</span>
      </td>
      <td data-label="Answer">
        {attempts === 0 ? (
          <span className="soft">Not sent yet</span>
        ) : (
          <span>
            {status ?? ''} {failure !== null && FAILURES[failure]}
            {durationMs !== null && <span className="soft small"> {durationMs} ms</span>}
          </span>
        )}
      </td>
      <td data-label="Attempts">
        <span>
          {attempts}
          {nextAttemptAt !== null && attempts > 0 && (
            <span className="soft small">
              , next <RelativeTime time={nextAttemptAt} />
            </span>
          )}
        </span>
      </td>
      <td data-label="Created" className="nowrap">
        <RelativeTime time={createdAt} />
      </td>
      <td className="actions">
        {webhook.enabled && (
          <Button
            aria-label={`Send again: ${type} …${id.slice(-6)}`}
            onClick={() => void resend(webhook, delivery)}
          >
            Send again
          </Button>
        )}
      </td>
    </tr>
  );
}

async function resend({ applicationId, id: webhookId }: Webhook, { id }: Delivery): Promise<void> {
  try {
    const params = { path: { id: applicationId, webhookId, deliveryId: id } };
    unwrap(
      await client.POST('/applications/{id}/webhooks/{webhookId}/deliveries/{deliveryId}/resend', { params }),
    );
    say('It is sent once more.');
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    warn(`It was not sent. ${error.message}`);
  }
  await queryClient.invalidateQueries({ queryKey: ['webhooks', applicationId, webhookId] });
}
