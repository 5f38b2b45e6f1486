import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { client } from './client.js';
import { unwrap } from './problem.js';
import { keysQuery, queryClient } from './queries.js';
import type { components } from './schema.js';

export type KeyDetails = components['schemas']['ApiKeyDetailsDto'];
export type KeySecret = components['schemas']['ApiKeySecretDto'];
export type KeyUsage = components['schemas']['KeyUsageDto'];
export type Verdict = keyof components['schemas']['UsageCountsDto'];
export type Denial = components['schemas']['DenialDto'];
export type DailyUsage = components['schemas']['DailyKeyUsageDto'];
export type AuditEvent = components['schemas']['AuditEventDto'];
export type ApplicationLimits = components['schemas']['ApplicationLimitsDto'];

/** Rows of a list that are shown before more are asked for. */
const ROWS = 10;

const HOUR_MS = 3_600_000;

/** What a chart can show: hours for a week, as many days as somebody has patience for. */
export const USAGE_RANGES = {
  '24h': { label: '24 hours', granularity: 'hour', hours: 24 },
  '7d': { label: '7 days', granularity: 'hour', hours: 7 * 24 },
  '30d': { label: '30 days', granularity: 'day', hours: 30 * 24 },
  '90d': { label: '90 days', granularity: 'day', hours: 90 * 24 },
} as const;
export type UsageRange = keyof typeof USAGE_RANGES;

export const keyQuery = (id: string) =>
  queryOptions({
    queryKey: ['key', id],
    queryFn: async ({ signal }): Promise<KeyDetails> =>
      unwrap(await client.GET('/apikey/{id}', { params: { path: { id } }, signal })),
  });

export const keyUsageQuery = (id: string, range: UsageRange) =>
  queryOptions({
    queryKey: ['key', id, 'usage', range],
    queryFn: async ({ signal }): Promise<KeyUsage> => {
      const { granularity, hours } = USAGE_RANGES[range];
      // The hour, or the day, that it is now is the last one.
      const size = granularity === 'hour' ? HOUR_MS : 24 * HOUR_MS;
      const from = new Date(Date.now() - hours * HOUR_MS + size).toISOString();
      const query = { granularity, from };
      return unwrap(await client.GET('/apikey/{id}/usage', { params: { path: { id }, query }, signal }));
    },
  });

export const keyDenialsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['key', id, 'denials'],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { limit: ROWS, ...(cursor !== undefined && { cursor }) };
      return unwrap(await client.GET('/apikey/{id}/denials', { params: { path: { id }, query }, signal }));
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });

export const keyEventsQuery = (applicationId: string, keyId: string) =>
  infiniteQueryOptions({
    queryKey: ['key', keyId, 'events'],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = { keyId, limit: ROWS, ...(cursor !== undefined && { cursor }) };
      const params = { path: { id: applicationId }, query };
      return unwrap(await client.GET('/applications/{id}/audit', { params, signal }));
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });

export const applicationLimitsQuery = (id: string) =>
  queryOptions({
    queryKey: ['applications', id, 'limits'],
    queryFn: async ({ signal }): Promise<ApplicationLimits> =>
      unwrap(await client.GET('/applications/{id}/limits', { params: { path: { id } }, signal })),
  });

/** The last 30 days of all keys of a page of the list, by their ids. */
export const usageOfKeysQuery = (applicationId: string, keyIds: readonly string[]) =>
  queryOptions({
    queryKey: ['keys-usage', applicationId, keyIds],
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, DailyUsage>> => {
      const params = { path: { id: applicationId }, query: { ids: [...keyIds] } };
      // Commas between them: one parameter, which is given once.
      const querySerializer = { array: { style: 'form', explode: false } } as const;
      const usage = unwrap(
        await client.GET('/applications/{id}/usage/keys', { params, querySerializer, signal }),
      );
      return new Map(usage.keys.map((key) => [key.keyId, key]));
    },
  });

/** Reads again what is shown of keys of an application: the list, and the pages of single keys. */
export async function readKeysAgain(applicationId: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: keysQuery(applicationId).queryKey }),
    queryClient.invalidateQueries({ queryKey: ['key'] }),
  ]);
}
