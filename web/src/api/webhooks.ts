import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { client } from './client.js';
import { unwrap } from './problem.js';
import type { components } from './schema.js';

export type Webhook = components['schemas']['WebhookDetailsDto'];
export type Delivery = components['schemas']['DeliveryDto'];
export type Notifications = components['schemas']['NotificationsDto'];
export type WebhookEvent = Webhook['events'][number];

/** What a webhook can be asked to send, in groups as they are offered. */
export const WEBHOOK_EVENTS: readonly {
  group: string;
  all: WebhookEvent;
  events: readonly WebhookEvent[];
}[] = [
  {
    group: 'Keys',
    all: 'key.*',
    events: [
      'key.created',
      'key.changed',
      'key.rotated',
      'key.revoked',
      'key.expiring',
      'key.rotation_due',
      'key.credits_low',
      'key.rate_limited_first',
      'key.leaked',
    ],
  },
  {
    group: 'Members',
    all: 'member.*',
    events: ['member.added', 'member.role_changed', 'member.removed'],
  },
  {
    group: 'The application',
    all: 'application.*',
    events: [
      'application.changed',
      'application.owner_changed',
      'application.limits_changed',
      'application.credits_changed',
      'application.deleted',
    ],
  },
];

/** Ten of an application at most: one page holds them all. */
export const webhooksQuery = (applicationId: string) =>
  queryOptions({
    queryKey: ['webhooks', applicationId],
    queryFn: async ({ signal }): Promise<Webhook[]> => {
      const params = { path: { id: applicationId } };
      return unwrap(await client.GET('/applications/{id}/webhooks', { params, signal })).data;
    },
  });

/** Whether whoever asks is mailed of its keys. */
export const notificationsQuery = (applicationId: string) =>
  queryOptions({
    queryKey: ['notifications', applicationId],
    queryFn: async ({ signal }): Promise<Notifications> => {
      const params = { path: { id: applicationId } };
      return unwrap(await client.GET('/applications/{id}/notifications', { params, signal }));
    },
  });

/** A page at a time, the latest first. Looks again every few seconds while anything waits to be sent. */
export const deliveriesQuery = (
  applicationId: string,
  webhookId: string,
  state: Delivery['state'] | undefined,
) =>
  infiniteQueryOptions({
    queryKey: ['webhooks', applicationId, webhookId, 'deliveries', state ?? 'all'],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor, signal }) => {
      const query = {
        limit: 20,
        ...(state !== undefined && { state }),
        ...(cursor !== undefined && { cursor }),
      };
      const params = { path: { id: applicationId, webhookId }, query };
      return unwrap(
        await client.GET('/applications/{id}/webhooks/{webhookId}/deliveries', { params, signal }),
      );
    },
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some((page) => page.data.some((delivery) => delivery.state === 'pending')) === true
        ? 3000
        : false,
  });
