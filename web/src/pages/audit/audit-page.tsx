import { ActivityLogIcon } from '@radix-ui/react-icons';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ProblemError } from '../../api/problem.js';
import { serviceKeysQuery } from '../../api/service-key-queries.js';
import { Button } from '../../components/button.js';
import { LoadProblem, Skeleton } from '../../components/loading.js';
import { useTitle } from '../../components/use-title.js';
import { useApplication } from '../application-context.js';
import { useKeys } from '../use-keys.js';
import { usePeople } from '../use-people.js';
import { ACTIONS } from './actions.js';
import type { AuditFilter } from './audit-filter.js';
import { auditQuery } from './audit-queries.js';
import { AuditTable } from './audit-table.js';
import { Verification } from './verification.js';

const route = getRouteApi('/signed-in/applications/$applicationId/audit');

export function AuditPage() {
  const application = useApplication();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const pages = useInfiniteQuery({
    ...auditQuery(application.id, filter),
    placeholderData: keepPreviousData,
  });
  const names = useNames(application.id);
  const nameOf = usePeople(application.id);
  useTitle(`Audit · ${application.name}`);

  const { data, error, hasNextPage, isFetchingNextPage } = pages;
  const events = data?.pages.flatMap((page) => page.data);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const show = (changes: AuditFilter): void => {
    void navigate({ search: { ...filter, ...changes }, replace: true });
  };

  if (error instanceof ProblemError && error.status === 403 && events === undefined) {
    return <LoadProblem error={error} />;
  }
  return (
    <section aria-label="Audit trail">
      <Verification applicationId={application.id} />
      <Filters filter={filter} show={show} names={names} nameOf={nameOf} />
      {error !== null && events === undefined && <LoadProblem error={error} />}
      {error === null && events === undefined && <Skeleton rows={8} label="Loading the audit trail" />}
      {events?.length === 0 && (
        <section className="empty">
          <span className="empty-mark">
            <ActivityLogIcon aria-hidden="true" />
          </span>
          <h2>Nothing of that kind was done</h2>
          {isFiltered && (
            <Button
              onClick={() => {
                void navigate({ search: {} });
              }}
            >
              Show everything
            </Button>
          )}
        </section>
      )}
      {events !== undefined && events.length > 0 && (
        <div aria-busy={pages.isPlaceholderData}>
          <AuditTable
            events={events}
            names={names}
            nameOf={nameOf}
            onActor={(actor) => {
              show({ actor });
            }}
          />
        </div>
      )}
      {events !== undefined && (
        <div className="pager">
          <p className="soft small" role="status">
            {events.length === 0
              ? ''
              : `${events.length} ${events.length === 1 ? 'event' : 'events'}${hasNextPage ? ', and more' : ' in all'}`}
          </p>
          {hasNextPage && (
            <Button isBusy={isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              Show older events
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

/** What keys that are known here are called, by their id. */
function useNames(applicationId: string): ReadonlyMap<string, string> {
  const { keys = [] } = useKeys(applicationId);
  const { data: serviceKeys = [] } = useQuery(serviceKeysQuery(applicationId));
  return new Map([...keys, ...serviceKeys].map(({ id, name }) => [id, name]));
}

function Filters({
  filter,
  show,
  names,
  nameOf,
}: {
  filter: AuditFilter;
  show: (changes: AuditFilter) => void;
  names: ReadonlyMap<string, string>;
  nameOf: ReturnType<typeof usePeople>;
}) {
  const { action = '', actor, keyId = '', from = '', to = '' } = filter;
  return (
    <div className="toolbar audit-filters" role="group" aria-label="Filters">
      <select
        className="input narrow"
        aria-label="Action"
        value={action}
        onChange={({ target }) => {
          show({ action: target.value || undefined });
        }}
      >
        <option value="">Every action</option>
        {Object.entries({ ...(action !== '' && { [action]: action }), ...ACTIONS }).map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
      <select
        className="input narrow"
        aria-label="Key"
        value={keyId}
        onChange={({ target }) => {
          show({ keyId: target.value || undefined });
        }}
      >
        <option value="">Every key</option>
        {keyId !== '' && !names.has(keyId) && <option value={keyId}>{keyId}</option>}
        {[...names].map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <label className="day">
        From
        <input
          type="date"
          className="input narrow"
          value={from}
          max={to}
          onChange={({ target }) => {
            show({ from: target.value || undefined });
          }}
        />
      </label>
      <label className="day">
        to
        <input
          type="date"
          className="input narrow"
          value={to}
          min={from}
          onChange={({ target }) => {
            show({ to: target.value || undefined });
          }}
        />
      </label>
      {actor !== undefined && (
        <button
          type="button"
          className="chip"
          onClick={() => {
            show({ actor: undefined });
          }}
        >
          By {names.get(actor) ?? nameOf({ subject: actor }) ?? actor} <span aria-hidden="true">×</span>
          <span className="visually-hidden">: show what others did, too</span>
        </button>
      )}
    </div>
  );
}
