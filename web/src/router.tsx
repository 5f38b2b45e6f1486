import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  type ErrorComponentProps,
} from '@tanstack/react-router';
import { part } from './api/load.js';
import { ProblemError } from './api/problem.js';
import { KEY_SORTS, KEY_STATUSES, type KeyFilter } from './pages/key-filter.js';
import { ApplicationFrame } from './pages/application.js';
import { auditFilterOf } from './pages/audit/audit-filter.js';
import { FailurePage, NotFoundPage } from './pages/failure.js';
import { Shell } from './pages/shell.js';
import { SignInPage } from './pages/sign-in.js';
import { isOwnPath } from './session/own-path.js';
import { session } from './session/session.js';

/** What is in the address of the page for signing in. */
interface SignInSearch {
  /** The path to return to, below the dashboard. */
  from?: string | undefined;
}

const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: ({ error, reset }: ErrorComponentProps) => <FailurePage error={error} retry={reset} />,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'sign-in',
  validateSearch: ({ from }: Record<string, unknown>): SignInSearch => ({
    from: isOwnPath(from) ? from : undefined,
  }),
  beforeLoad: async ({ search }) => {
    if (!(await isSignedIn())) return;
    if (search.from === undefined) throw redirect({ to: '/', replace: true });
    throw redirect({ href: search.from, replace: true });
  },
  component: SignInPage,
});

const forgotPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'forgot-password',
  component: lazyRouteComponent(
    part(() => import('./pages/forgot-password.js')),
    'ForgotPasswordPage',
  ),
});

/** Where the links of invitations and mails lead. */
const linkRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'link',
  component: lazyRouteComponent(
    part(() => import('./pages/link.js')),
    'LinkPage',
  ),
});

/** Where a provider sends browsers back to. */
const callbackRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'callback',
  component: lazyRouteComponent(
    part(() => import('./pages/callback.js')),
    'CallbackPage',
  ),
});

/** Everything that only somebody who is signed in sees. */
const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'signed-in',
  beforeLoad: async ({ location }) => {
    const state = await session.start();
    if (state.status === 'signed-in') return;
    const search = location.pathname === '/' ? {} : { from: location.href };
    throw redirect({ to: '/sign-in', search, replace: true });
  },
  component: Shell,
});

const applicationsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/',
  validateSearch: ({ q }: Record<string, unknown>): { q?: string | undefined } => ({ q: textOf(q) }),
  component: lazyRouteComponent(
    part(() => import('./pages/applications.js')),
    'ApplicationsPage',
  ),
});

const accountRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: 'account',
  component: lazyRouteComponent(
    part(() => import('./pages/account.js')),
    'AccountPage',
  ),
});

/** Around the pages of an application, of which each is loaded when it is opened. */
const applicationRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: 'applications/$applicationId',
  component: ApplicationFrame,
});

const overviewRoute = createRoute({
  getParentRoute: () => applicationRoute,
  path: '/',
  component: lazyRouteComponent(
    part(() => import('./pages/overview/overview-page.js')),
    'OverviewPage',
  ),
});

const keysRoute = createRoute({
  getParentRoute: () => applicationRoute,
  path: 'keys',
  validateSearch: ({ q, status, environment, sort, page }: Record<string, unknown>): KeyFilter => ({
    q: textOf(q),
    status: oneOf(KEY_STATUSES, status),
    environment: oneOf(['live', 'test'] as const, environment),
    sort: oneOf(KEY_SORTS, sort),
    page: typeof page === 'number' && Number.isInteger(page) && page > 1 ? page : undefined,
  }),
  component: lazyRouteComponent(
    part(() => import('./pages/keys-page.js')),
    'KeysPage',
  ),
});

const membersRoute = createRoute({
  getParentRoute: () => applicationRoute,
  path: 'members',
  component: lazyRouteComponent(
    part(() => import('./pages/members-page.js')),
    'MembersPage',
  ),
});

const keyRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: 'applications/$applicationId/keys/$keyId',
  component: lazyRouteComponent(
    part(() => import('./pages/key/key-page.js')),
    'KeyPage',
  ),
});

const serviceKeysRoute = createRoute({
  getParentRoute: () => applicationRoute,
  path: 'service-keys',
  component: lazyRouteComponent(
    part(() => import('./pages/service-keys/service-keys-page.js')),
    'ServiceKeysPage',
  ),
});

const tryKeyRoute = createRoute({
  getParentRoute: () => applicationRoute,
  path: 'try-key',
  component: lazyRouteComponent(
    part(() => import('./pages/try-key/try-key-page.js')),
    'TryKeyPage',
  ),
});

const auditRoute = createRoute({
  getParentRoute: () => applicationRoute,
  path: 'audit',
  validateSearch: auditFilterOf,
  component: lazyRouteComponent(
    part(() => import('./pages/audit/audit-page.js')),
    'AuditPage',
  ),
});

const hygieneRoute = createRoute({
  getParentRoute: () => applicationRoute,
  path: 'hygiene',
  validateSearch: ({ finding }: Record<string, unknown>): { finding?: string | undefined } => ({
    finding: textOf(finding),
  }),
  component: lazyRouteComponent(
    part(() => import('./pages/hygiene-page.js')),
    'HygienePage',
  ),
});

const webhooksRoute = createRoute({
  getParentRoute: () => applicationRoute,
  path: 'webhooks',
  component: lazyRouteComponent(
    part(() => import('./pages/webhooks-page.js')),
    'WebhooksPage',
  ),
});

export const router = createRouter({
  basepath: '/dashboard',
  routeTree: rootRoute.addChildren([
    signInRoute,
    forgotPasswordRoute,
    linkRoute,
    callbackRoute,
    signedInRoute.addChildren([
      applicationsRoute,
      accountRoute,
      applicationRoute.addChildren([
        overviewRoute,
        keysRoute,
        hygieneRoute,
        serviceKeysRoute,
        tryKeyRoute,
        auditRoute,
        membersRoute,
        webhooksRoute,
      ]),
      keyRoute,
    ]),
  ]),
  defaultPreload: false,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

/** Without the service nobody can be told to be signed in; the page for signing in says so when it is asked. */
async function isSignedIn(): Promise<boolean> {
  try {
    return (await session.start()).status === 'signed-in';
  } catch (error) {
    if (error instanceof ProblemError) return false;
    throw error;
  }
}

/** Undefined takes the place of what is no good: the router would keep it else. */
function textOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function oneOf<Value>(values: readonly Value[], value: unknown): Value | undefined {
  return values.find((one) => one === value);
}
