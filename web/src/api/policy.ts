import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { client } from './client.js';
import { unwrap } from './problem.js';
import type { components } from './schema.js';

export type Policy = components['schemas']['PolicyDto'];
export type Hygiene = components['schemas']['HygieneDto'];
export type Finding = components['schemas']['FindingDto'];
export type WebhookFinding = components['schemas']['WebhookFindingDto'];
export type FindingName = Finding['finding'];
export type FoundKey = components['schemas']['FoundKeyDto'];

/** What the application demands of its keys. */
export const policyQuery = (applicationId: string) =>
  queryOptions({
    queryKey: ['applications', applicationId, 'policy'],
    queryFn: async ({ signal }): Promise<Policy> =>
      unwrap(
        await client.GET('/applications/{id}/policy', { params: { path: { id: applicationId } }, signal }),
      ),
  });

/** What is to be done about its keys. */
export const hygieneQuery = (applicationId: string) =>
  queryOptions({
    queryKey: ['applications', applicationId, 'hygiene'],
    queryFn: async ({ signal }): Promise<Hygiene> =>
      unwrap(
        await client.GET('/applications/{id}/hygiene', { params: { path: { id: applicationId } }, signal }),
      ),
  });

/** The keys of one finding, a page at a time. */
export const findingQuery = (applicationId: string, finding: FindingName) =>
  infiniteQueryOptions({
    queryKey: ['applications', applicationId, 'hygiene', finding],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor, signal }) => {
      const params = {
        path: { id: applicationId, finding },
        query: { limit: 50, ...(cursor !== undefined && { cursor }) },
      };
      return unwrap(await client.GET('/applications/{id}/hygiene/{finding}', { params, signal }));
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
