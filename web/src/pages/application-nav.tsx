import { Link, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

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
  const nav = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // Where there is no room for all of them, the one that is open can be seen.
  useEffect(() => {
    const row = nav.current;
    if (row === null) return;
    const watcher = new ResizeObserver(() => {
      const tab = row.querySelector('[aria-current=page]');
      if (tab === null) return;
      const [frame, box] = [row.getBoundingClientRect(), tab.getBoundingClientRect()];
      row.scrollLeft += box.left + box.width / 2 - (frame.left + frame.width / 2);
    });
    watcher.observe(row);
    return () => {
      watcher.disconnect();
    };
  }, [pathname]);
  return (
    <nav ref={nav} className="page-tabs" aria-label="Pages of the application">
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
