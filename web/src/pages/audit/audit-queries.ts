import { infiniteQueryOptions } from '@tanstack/react-query';
import { client } from '../../api/client.js';
import { unwrap } from '../../api/problem.js';
import type { components, operations } from '../../api/schema.js';
import { startOf, type AuditFilter } from './audit-filter.js';

export type AuditEvent = components['schemas']['AuditEventDto'];
type Query = NonNullable<operations['listAuditEvents']['parameters']['query']>;

const ROWS = 50;

export const auditQuery = (applicationId: string, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', applicationId, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query: Query = { limit: ROWS };
      // The service says what is wrong with an action that it does not know.
      if (filter.action !== undefined) query.action = filter.action as NonNullable<Query['action']>;
      if (filter.actor !== undefined) query.actor = filter.actor;
      if (filter.keyId !== undefined) query.keyId = filter.keyId;
      if (filter.from !== undefined) query.from = startOf(filter.from);
      if (filter.to !== undefined) query.to = startOf(filter.to, 1);
      if (cursor !== undefined) query.cursor = cursor;
      const params = { path: { id: applicationId }, query };
      return unwrap(await client.GET('/applications/{id}/audit', { params, signal }));
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });

/** The whole trail, as lines of JSON. */
export async function readExport(applicationId: string, format: 'chain' | 'ocsf'): Promise<Blob> {
  const params = { path: { id: applicationId }, query: { format } };
  return unwrap<Blob>(await client.GET('/applications/{id}/audit/export', { params, parseAs: 'blob' }));
}
