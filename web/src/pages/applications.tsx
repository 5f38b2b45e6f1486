import { CubeIcon, MagnifyingGlassIcon, PlusIcon } from '@radix-ui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Application } from '../api/client.js';
import { applicationsQuery } from '../api/queries.js';
import { EnvironmentBadge } from '../components/badge.js';
import { Button } from '../components/button.js';
import { LoadProblem, Skeleton } from '../components/loading.js';
import { SearchBox } from '../components/search-box.js';
import { RelativeTime } from '../components/time.js';
import { useTitle } from '../components/use-title.js';
import { ApplicationDialog } from '../dialogs/application.js';
import { OwnOffers } from './own-offers.js';

const route = getRouteApi('/signed-in/');

export function ApplicationsPage() {
  useTitle('Applications');
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [isCreating, setCreating] = useState(false);
  const { data, error } = useQuery(applicationsQuery);
  const found = data?.filter((application) => matches(application, q));

  return (
    <>
      <div className="page-head">
        <div>
          <h1>Applications</h1>
          <p className="soft">
            Keys belong to an application: a product, a service, or one of its environments.
          </p>
        </div>
        {data !== undefined && data.length > 0 && (
          <Button
            kind="primary"
            icon={<PlusIcon aria-hidden="true" />}
            onClick={() => {
              setCreating(true);
            }}
          >
            New application
          </Button>
        )}
      </div>

      <OwnOffers />

      {data !== undefined && data.length > 0 && (
        <div className="toolbar">
          <SearchBox
            label="Search applications"
            value={q}
            onChange={(text) => {
              void navigate({ search: text === '' ? {} : { q: text }, replace: true });
            }}
          />
          <p className="soft small nowrap" role="status">
            {found?.length === data.length
              ? `${data.length} in all`
              : `${found?.length ?? 0} of ${data.length}`}
          </p>
        </div>
      )}

      {error !== null && data === undefined && <LoadProblem error={error} />}
      {error === null && data === undefined && <Skeleton rows={4} label="Loading your applications" />}
      {data?.length === 0 && (
        <section className="empty">
          <span className="empty-mark">
            <CubeIcon aria-hidden="true" />
          </span>
          <h2>Create your first application</h2>
          <p className="soft">
            It holds the keys that you hand out, and says who of your team may manage them.
          </p>
          <Button
            kind="primary"
            icon={<PlusIcon aria-hidden="true" />}
            onClick={() => {
              setCreating(true);
            }}
          >
            New application
          </Button>
        </section>
      )}
      {found !== undefined &&
        data !== undefined &&
        data.length > 0 &&
        (found.length === 0 ? (
          <section className="empty">
            <span className="empty-mark">
              <MagnifyingGlassIcon aria-hidden="true" />
            </span>
            <h2>No application matches “{q}”</h2>
            <p className="soft">Names, descriptions and environments are searched.</p>
          </section>
        ) : (
          <ul className="cards">
            {found.map((application) => (
              <ApplicationCard key={application.id} application={application} />
            ))}
          </ul>
        ))}

      {isCreating && (
        <ApplicationDialog
          onClose={() => {
            setCreating(false);
          }}
        />
      )}
    </>
  );
}

function ApplicationCard({ application }: { application: Application }) {
  const { id, name, description, environment, createdAt } = application;
  return (
    <li className="card">
      <div className="card-head">
        <h2 className="truncate">
          <Link to="/applications/$applicationId" params={{ applicationId: id }}>
            {name}
          </Link>
        </h2>
        <EnvironmentBadge environment={environment} />
      </div>
      <p className="soft card-text">{description ?? 'No description'}</p>
      <p className="soft small">
        Created <RelativeTime time={createdAt} />
      </p>
    </li>
  );
}

function matches({ name, description, environment }: Application, q: string): boolean {
  const text = `${name} ${description ?? ''} ${environment}`.toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
