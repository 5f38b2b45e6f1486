import { useInfiniteQuery } from '@tanstack/react-query';
import { keyEventsQuery, type AuditEvent } from '../../api/key-queries.js';
import { Recorded } from '../../components/recorded.js';
import { RelativeTime } from '../../components/time.js';
import { endOf, personOf, usePeople } from '../use-people.js';
import { PagedRows, Panel } from './panel.js';

/** What the events of a key are called; one that is not among them is shown by its name. */
const ACTIONS: Readonly<Record<string, string>> = {
  ApiKeyIssued: 'Created',
  ApiKeyImported: 'Imported',
  ApiKeyChanged: 'Changed',
  ApiKeyRotated: 'Rotated',
  ApiKeyOverlapStarted: 'New secret used for the first time',
  ApiKeySecretEnded: 'Secret ended',
  ApiKeyLeaked: 'Found where others can read it',
  ApiKeyRevoked: 'Revoked',
  CreditsChanged: 'Credits changed',
};

/** Longer values are cut: they stand in the audit trail. */
const MAX_VALUE = 120;

export function KeyEvents({ applicationId, keyId }: { applicationId: string; keyId: string }) {
  const pages = useInfiniteQuery(keyEventsQuery(applicationId, keyId));
  const nameOf = usePeople(applicationId);
  return (
    <Panel title="What was done to it" isWide>
      <PagedRows pages={pages} label="events" empty="Nothing is recorded of it.">
        {(rows) => (
          <ol className="key-rows">
            {rows.map((event) => (
              <Event key={event.seq} event={event} nameOf={nameOf} />
            ))}
          </ol>
        )}
      </PagedRows>
    </Panel>
  );
}

function Event({
  event: { time, action, actor, before, after },
  nameOf,
}: {
  event: AuditEvent;
  nameOf: ReturnType<typeof usePeople>;
}) {
  return (
    <li>
      <p>
        <strong>{ACTIONS[action] ?? action}</strong>
      </p>
      {before !== null && after !== null && (
        <ul className="changes small">
          {Object.keys(after).map((field) => (
            <li key={field}>
              {field}: <Recorded value={before[field]} max={MAX_VALUE} /> →{' '}
              <Recorded value={after[field]} max={MAX_VALUE} />
            </li>
          ))}
        </ul>
      )}
      <p className="soft small">
        <RelativeTime time={time} />{' '}
        <span title={`${actor.issuer} ${actor.subject}`}>by {nameOf(personOf(actor)) ?? roleOf(actor)}</span>
        {actor.address !== null && (
          <>
            {' '}
            from <code>{actor.address}</code>
          </>
        )}
      </p>
    </li>
  );
}

function roleOf({ issuer, subject }: AuditEvent['actor']): string {
  if (issuer === 'system') return 'the service';
  if (issuer === 'api-key') return 'its holder';
  if (issuer === 'service-key') return `service key ${endOf(subject)}`;
  return endOf(subject);
}
