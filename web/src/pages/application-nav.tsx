import { Link } from '@tanstack/react-router';

/** The pages of an application, in the order in which they are shown. */
const PAGES = [
  { to: '/applications/$applicationId/keys', label: 'Keys' },
  { to: '/applications/$applicationId/members', label: 'Members' },
] as const;

export function ApplicationNav({ applicationId }: { applicationId: string }) {
  return (
    <nav className="page-tabs" aria-label="Pages of the application">
      {PAGES.map(({ to, label }) => (
        <Link key={to} to={to} params={{ applicationId }} activeOptions={{ includeSearch: false }}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
