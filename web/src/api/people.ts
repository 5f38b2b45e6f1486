import { queryOptions } from '@tanstack/react-query';
import { client } from './client.js';
import { unwrap } from './problem.js';
import type { components } from './schema.js';

type Me = components['schemas']['MeDto'];
export type PersonSession = components['schemas']['SessionDto'];
export type Member = components['schemas']['MemberDto'];
export type Offer = components['schemas']['OfferDto'];
export type Role = Member['role'];

/** As many as the service gives at once. */
const PAGE = 100;

interface Page<Row> {
  data: Row[];
  nextCursor: string | null;
}

/** All rows of a list that is bounded by what it lists. */
async function all<Row>(
  read: (query: { limit: number; cursor?: string }) => Promise<Page<Row>>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page: Page<Row> = await read({ limit: PAGE, ...(cursor !== undefined && { cursor }) });
    rows.push(...page.data);
    cursor = page.nextCursor;
  }
  return rows;
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<Me> => unwrap(await client.GET('/auth/me', { signal })),
});

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: ({ signal }): Promise<PersonSession[]> =>
    all(async (query) => unwrap(await client.GET('/auth/sessions', { params: { query }, signal }))),
});

export const membersQuery = (id: string) =>
  queryOptions({
    queryKey: ['members', id],
    queryFn: ({ signal }): Promise<Member[]> =>
      all(async (query) =>
        unwrap(await client.GET('/applications/{id}/members', { params: { path: { id }, query }, signal })),
      ),
  });

/** What is offered to others in an application. */
export const offersQuery = (id: string) =>
  queryOptions({
    queryKey: ['offers', id],
    queryFn: ({ signal }): Promise<Offer[]> =>
      all(async (query) =>
        unwrap(await client.GET('/applications/{id}/offers', { params: { path: { id }, query }, signal })),
      ),
  });

/** What is offered to whoever is signed in. */
export const ownOffersQuery = queryOptions({
  queryKey: ['own-offers'],
  queryFn: ({ signal }): Promise<Offer[]> =>
    all(async (query) => unwrap(await client.GET('/applications/offers', { params: { query }, signal }))),
});
