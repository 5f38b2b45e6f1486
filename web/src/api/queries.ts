import { infiniteQueryOptions, QueryClient, queryOptions } from '@tanstack/react-query';
import { client, type ApiKey, type Application } from './client.js';
import { ProblemError, unwrap } from './problem.js';

/** As many as the service gives at once. */
const PAGE = 100;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
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

export function isGone(error: unknown): boolean {
  return (
    error instanceof ProblemError && (error.status === 404 || error.status === 403 || error.status === 400)
  );
}
