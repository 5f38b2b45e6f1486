import { queryOptions } from '@tanstack/react-query';
import { client } from '../../api/client.js';
import { USAGE_RANGES, type Denial, type UsageRange } from '../../api/key-queries.js';
import { unwrap } from '../../api/problem.js';
import type { components } from '../../api/schema.js';

export type ApplicationUsage = components['schemas']['ApplicationUsageDto'];

const HOUR_MS = 3_600_000;
/** Keys and refusals that there is room for. */
const KEYS = 6;
const REFUSALS = 6;

/** Of all keys of an application, with those that are used most. */
export const applicationUsageQuery = (id: string, range: UsageRange) =>
  queryOptions({
    queryKey: ['applications', id, 'usage', range],
    queryFn: async ({ signal }): Promise<ApplicationUsage> => {
      const { granularity, hours } = USAGE_RANGES[range];
      // The hour, or the day, that it is now is the last one.
      const size = granularity === 'hour' ? HOUR_MS : 24 * HOUR_MS;
      const from = new Date(Date.now() - hours * HOUR_MS + size).toISOString();
      const query = { granularity, from, groupBy: 'key', limit: KEYS } as const;
      return unwrap(
        await client.GET('/applications/{id}/usage', { params: { path: { id }, query }, signal }),
      );
    },
  });

export const applicationDenialsQuery = (id: string) =>
  queryOptions({
    queryKey: ['applications', id, 'denials'],
    queryFn: async ({ signal }): Promise<Denial[]> => {
      const params = { path: { id }, query: { limit: REFUSALS } };
      return unwrap(await client.GET('/applications/{id}/denials', { params, signal })).data;
    },
  });
