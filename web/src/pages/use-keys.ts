import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type { ApiKey } from '../api/client.js';
import { keysQuery } from '../api/queries.js';

/** Keys beyond these are loaded when they are asked for: they are searched in the browser. */
const LOADED_AT_ONCE = 2000;

interface Keys {
  /** Those that are loaded; undefined before the first are. */
  keys: readonly ApiKey[] | undefined;
  error: Error | null;
  /** Whether more of them are being loaded. */
  isLoading: boolean;
  areAll: boolean;
  loadMore: (() => void) | undefined;
}

export function useKeys(applicationId: string): Keys {
  const query = useInfiniteQuery(keysQuery(applicationId));
  const keys = useMemo(() => query.data?.pages.flatMap(({ data }) => data), [query.data]);
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  const isLoading = hasNextPage && !isError && (keys?.length ?? 0) < LOADED_AT_ONCE;
  useEffect(() => {
    if (isLoading && !isFetching) void fetchNextPage();
  }, [isLoading, isFetching, fetchNextPage]);
  return {
    keys,
    error: query.error,
    isLoading,
    areAll: keys !== undefined && !hasNextPage,
    loadMore: hasNextPage && !isLoading ? () => void fetchNextPage() : undefined,
  };
}
