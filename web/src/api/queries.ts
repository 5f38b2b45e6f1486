import { infiniteQueryOptions, QueryCache, QueryClient, queryOptions } from '@tanstack/react-query';
import { client, type ApiKey, type Application } from './client.js';
import { warn } from '../components/toast.js';
import { ProblemError, unwrap } from './problem.js';

/** As many as the service gives at once. */
const PAGE = 100;

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    // What is on the page stays there, so the page itself does not tell that it is old, or not all.
    onError: (error, { state }) => {
      if (state.data === undefined || !(error instanceof ProblemError) || !error.isPassing) return;
      if (error.code !== 'unauthenticated') warn(`Not everything could be loaded. ${error.message}`);
    },
  }),
  defaultOptions: {
    queries: {
      // A browser that says it is offline may be wrong. Waiting for it would look like loading for ever.
      networkMode: 'always',
      refetchOnReconnect: true,
      staleTime: 20_000,
      // What passes has been asked again by the client.
      retry: false,
    },
  },
});

export const applicationsQuery = queryOptions({
  queryKey: ['applications'],
  queryFn: async ({ signal }): Promise<Application[]> => {
    const applications: Application[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query = { limit: PAGE, ...(cursor !== undefined && { cursor }) };
      const page = unwrap(await client.GET('/applications', { params: { query }, signal }));
      applications.push(...page.data);
      cursor = page.nextCursor;
    }
    return applications;
  },
});

export const applicationQuery = (id: string) =>
  queryOptions({
    queryKey: ['applications', id],
    queryFn: async ({ signal }): Promise<Application> =>
      unwrap(await client.GET('/applications/{id}', { params: { path: { id } }, signal })),
  });

/** All keys of an application, a page at a time: what is loaded is searched and counted here. */
export const keysQuery = (applicationId: string) =>
  infiniteQueryOptions({
    queryKey: ['keys', applicationId],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { ApplicationId: applicationId, limit: PAGE, ...(cursor !== undefined && { cursor }) };
      return unwrap(await client.GET('/apikey', { params: { query }, signal }));
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });

/** Puts what a change was answered in the place of what was known of the key. */
export function keepKey(key: ApiKey): void {
  queryClient.setQueryData(keysQuery(key.applicationId).queryKey, (known) =>
    known === undefined
      ? undefined
      : {
          ...known,
          pages: known.pages.map((page) => ({
            ...page,
            data: page.data.map((one) => (one.id === key.id ? key : one)),
          })),
        },
  );
}

/** Whether it was deleted, is not for whoever asks, or never had such an id. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof ProblemError && (error.status === 404 || error.status === 403 || error.status === 400)
  );
}
