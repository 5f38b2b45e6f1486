import { ChevronRightIcon, Pencil1Icon, TrashIcon } from '@radix-ui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, Outlet } from '@tanstack/react-router';
import { useState } from 'react';
import { applicationQuery, isGone } from '../api/queries.js';
import { EnvironmentBadge } from '../components/badge.js';
import { PageProblem, Skeleton } from '../components/loading.js';
import { Menu } from '../components/menu.js';
import { useTitle } from '../components/use-title.js';
import { ApplicationDialog } from '../dialogs/application.js';
import { DeleteApplicationDialog } from '../dialogs/delete-application.js';
import { ApplicationContext } from './application-context.js';
import { ApplicationNav } from './application-nav.js';

const route = getRouteApi('/signed-in/applications/$applicationId');

/** What is around every page of an application. */
export function ApplicationFrame() {
  const { applicationId } = route.useParams();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const { data, error } = useQuery(applicationQuery(applicationId));

  // Perhaps it was there a minute ago.
  if (isGone(error)) return <NoSuchApplication />;
  if (data === undefined) {
    if (error === null) return <Skeleton rows={6} label="Loading the application" />;
    return <PageProblem title="The application could not be loaded" error={error} />;
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

      <ApplicationNav applicationId={applicationId} />
      <ApplicationContext value={data}>
        <Outlet />
      </ApplicationContext>

      {open === 'edit' && <ApplicationDialog application={data} onClose={close} />}
      {open === 'delete' && <DeleteApplicationDialog application={data} onClose={close} />}
    </>
  );
}

export function NoSuchApplication() {
  useTitle('No such application');
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
