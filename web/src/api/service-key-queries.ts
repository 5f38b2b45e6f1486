import { queryOptions } from '@tanstack/react-query';
import { client } from './client.js';
import { unwrap } from './problem.js';
import type { components } from './schema.js';

export type ServiceKey = components['schemas']['ServiceKeyDto'];
export type ServiceScope = ServiceKey['scopes'][number];

/** What each scope lets a machine do, in the order in which they are offered. */
export const SERVICE_SCOPES = {
  'keys:verify': 'Verify keys that it is shown',
  'apikeys:read': 'See keys, their use and refusals',
  'apikeys:write': 'Create, change, rotate and revoke keys',
  'applications:read': 'See the application',
  'audit:read': 'Read the audit trail',
} as const satisfies Record<ServiceScope, string>;

/** All of an application: there are as many as it has services. */
export const serviceKeysQuery = (applicationId: string) =>
  queryOptions({
    queryKey: ['service-keys', applicationId],
    queryFn: async ({ signal }): Promise<ServiceKey[]> => {
      const keys: ServiceKey[] = [];
      for (let cursor: string | null | undefined; cursor !== null;) {
        const query = { limit: 100, ...(cursor !== undefined && { cursor }) };
        const params = { path: { id: applicationId }, query };
        const page = unwrap(await client.GET('/applications/{id}/service-keys', { params, signal }));
        keys.push(...page.data);
        cursor = page.nextCursor;
      }
      return keys;
    },
  });
