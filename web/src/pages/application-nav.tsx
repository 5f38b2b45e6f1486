import { Link } from '@tanstack/react-router';

/** The pages of an application, in the order in which they are shown. */
export const APPLICATION_PAGES = [
  { to: '/applications/$applicationId', label: 'Overview' },
  { to: '/applications/$applicationId/keys', label: 'Keys' },
  { to: '/applications/$applicationId/service-keys', label: 'Service keys' },
  { to: '/applications/$applicationId/try-key', label: 'Try a key' },
  { to: '/applications/$applicationId/audit', label: 'Audit' },
  { to: '/applications/$applicationId/members', label: 'Members' },
  { to: '/applications/$applicationId/hygiene', label: 'Hygiene' },
  { to: '/applications/$applicationId/webhooks', label: 'Webhooks' },
] as const;

export function ApplicationNav({ applicationId }: { applicationId: string }) {
  return (
    <nav className="page-tabs" aria-label="Pages of the application">
      {APPLICATION_PAGES.map(({ to, label }) => (
        <Link
          key={to}
          to={to}
          params={{ applicationId }}
          activeOptions={{ exact: to === '/applications/$applicationId', includeSearch: false }}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}
