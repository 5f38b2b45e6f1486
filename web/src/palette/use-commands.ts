import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import type { Application } from '../api/client.js';
import { applicationQuery, applicationsQuery, keysQuery } from '../api/queries.js';
import { warn } from '../components/toast.js';
import { APPLICATION_PAGES } from '../pages/application-nav.js';
import { session } from '../session/session.js';
import { applyTheme, THEMES } from '../session/theme.js';
import type { Command } from './commands.js';

/** What a command opens besides a page. */
export type Opening = { dialog: 'application' } | { dialog: 'key'; application: Application };

/** Everything that can be done from where the person is. */
export function useCommands(open: (opening: Opening) => void): Command[] {
  const navigate = useNavigate();
  const { applicationId = '' } = useParams({ strict: false });
  const isInside = applicationId !== '';
  const { data: applications = [] } = useQuery(applicationsQuery);
  const { data: application } = useQuery({ ...applicationQuery(applicationId), enabled: isInside });
  const keys = useInfiniteQuery({ ...keysQuery(applicationId), enabled: isInside });

  const pages: Command[] = !isInside
    ? []
    : APPLICATION_PAGES.map(({ to, label }) => ({
        id: `page-${label}`,
        group: 'Pages',
        label,
        note: application?.name,
        run: () => void navigate({ to, params: { applicationId } }),
      }));
  const keyCommands = (keys.data?.pages.flatMap(({ data }) => data) ?? []).map(
    ({ id, name, hint, status, tags, externalId }): Command => ({
      id: `key-${id}`,
      group: 'Keys',
      label: name,
      note: status === 'active' ? hint : `${hint} · ${status}`,
      words: [...tags, externalId ?? ''].join(' '),
      run: () =>
        void navigate({
          to: '/applications/$applicationId/keys',
          params: { applicationId },
          search: { q: name },
        }),
    }),
  );
  const others = applications.map(({ id, name, environment }): Command => ({
    id: `application-${id}`,
    group: 'Applications',
    label: name,
    note: environment,
    run: () => void navigate({ to: '/applications/$applicationId', params: { applicationId: id } }),
  }));
  return [
    ...pages,
    { id: 'home', group: 'Pages', label: 'Applications', run: () => void navigate({ to: '/' }) },
    ...keyCommands,
    ...others,
    ...(application === undefined
      ? []
      : [
          {
            id: 'create-key',
            group: 'Actions' as const,
            label: 'Create key',
            note: application.name,
            run: () => {
              open({ dialog: 'key', application });
            },
          },
        ]),
    {
      id: 'create-application',
      group: 'Actions',
      label: 'New application',
      run: () => {
        open({ dialog: 'application' });
      },
    },
    ...THEMES.map((theme): Command => ({
      id: `theme-${theme}`,
      group: 'Actions',
      label: theme === 'system' ? 'Theme: as the system' : `Theme: ${theme}`,
      words: 'appearance',
      run: () => {
        applyTheme(theme);
      },
    })),
    {
      id: 'docs',
      group: 'Actions',
      label: 'API reference',
      words: 'docs documentation',
      run: () => {
        location.assign('/docs');
      },
    },
    {
      id: 'sign-out',
      group: 'Actions',
      label: 'Sign out',
      run: () => {
        session.signOut().catch(() => {
          warn('You are still signed in: the service could not be reached. Try again.');
        });
      },
    },
  ];
}
