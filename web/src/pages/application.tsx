import { ChevronRightIcon, Pencil1Icon, TrashIcon } from '@radix-ui/react-icons';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { applicationQuery, isGone, keysQuery } from '../api/queries.js';
import { EnvironmentBadge } from '../components/badge.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { Menu } from '../components/menu.js';
import { useTitle } from '../components/use-title.js';
import { ApplicationDialog } from '../dialogs/application.js';
import { DeleteApplicationDialog } from '../dialogs/delete-application.js';
import { KeysSection } from './keys.js';

const route = getRouteApi('/signed-in/applications/$applicationId');

/** Keys beyond these are loaded when they are asked for: they are searched in the browser. */
const LOADED_AT_ONCE = 2000;

export function ApplicationPage() {
  const { applicationId } = route.useParams();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const application = useQuery(applicationQuery(applicationId));
  const keys = useInfiniteQuery(keysQuery(applicationId));
  useTitle(application.data?.name ?? 'Application');

  const loaded = useMemo(() => keys.data?.pages.flatMap(({ data }) => data), [keys.data]);
  const { hasNextPage, isFetching, isError, fetchNextPage } = keys;
  const isLoadingOn = hasNextPage && !isError && (loaded?.length ?? 0) < LOADED_AT_ONCE;
  useEffect(() => {
    if (isLoadingOn && !isFetching) void fetchNextPage();
  }, [isLoadingOn, isFetching, fetchNextPage]);

  const { data, error } = application;
  if (data === undefined) {
    if (error === null) return <Skeleton rows={6} label="Loading the application" />;
    if (isGone(error)) return <Gone />;
    return <LoadProblem error={error} retry={() => void application.refetch()} />;
  }

  const close = (): void => {
    setOpen(undefined);
  };
  return (
    <>
      <nav className="crumbs small" aria-label="You are here">
        <Link to="/">Applications</Link>
        <ChevronRightIcon aria-hidden="true" />
        <span className="truncate" aria-current="page">
          {data.name}
        </span>
      </nav>
      <div className="page-head">
        <div>
          <h1>
            {data.name} <EnvironmentBadge environment={data.environment} />
          </h1>
          {data.description && <p className="soft">{data.description}</p>}
        </div>
        <Menu
          label={`Actions for ${data.name}`}
          className="button plain icon-only"
          items={[
            {
              label: 'Edit application',
              icon: <Pencil1Icon aria-hidden="true" />,
              onSelect: () => {
                setOpen('edit');
              },
            },
            {
              label: 'Delete application',
              icon: <TrashIcon aria-hidden="true" />,
              isDangerous: true,
              onSelect: () => {
                setOpen('delete');
              },
            },
          ]}
        />
      </div>

      {keys.error !== null && loaded === undefined ? (
        <LoadProblem error={keys.error} retry={() => void keys.refetch()} />
      ) : loaded === undefined ? (
        <Skeleton rows={8} label="Loading the keys" />
      ) : (
        <KeysSection
          application={data}
          keys={loaded}
          isLoading={isLoadingOn}
          loadMore={hasNextPage && !isLoadingOn ? () => void fetchNextPage() : undefined}
        />
      )}

      {open === 'edit' && <ApplicationDialog application={data} onClose={close} />}
      {open === 'delete' && (
        <DeleteApplicationDialog
          application={data}
          keys={loaded ?? []}
          areAll={!hasNextPage}
          onClose={close}
        />
      )}
    </>
  );
}

function Gone() {
  return (
    <section className="empty">
      <h1>There is no such application</h1>
      <p className="soft">It was deleted, or you are no member of it.</p>
      <Link to="/" className="button primary">
        To your applications
      </Link>
    </section>
  );
}
