import { useId, type ReactNode } from 'react';
import { ProblemError } from '../../api/problem.js';
import { Button } from '../../components/button.js';
import { LoadProblem } from '../../components/loading.js';

/** A part of the page of a key, with its name and what can be chosen in it. */
export function Panel({
  title,
  tools,
  isWide = false,
  children,
}: {
  title: string;
  tools?: ReactNode;
  isWide?: boolean;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={isWide ? 'key-panel wide' : 'key-panel'} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {tools}
      </header>
      {children}
    </section>
  );
}

interface Pages<Row> {
  data: { pages: { data: Row[] }[] } | undefined;
  error: Error | null;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

/** The rows of a list that comes by pages: while it loads, when there is none, and when it could not be read. */
export function PagedRows<Row>({
  pages,
  empty,
  label,
  children,
}: {
  pages: Pages<Row>;
  empty: string;
  label: string;
  children: (rows: readonly Row[]) => ReactNode;
}) {
  const { data, error, hasNextPage, isFetchingNextPage } = pages;
  if (error instanceof ProblemError && error.status === 403) {
    return <p className="soft small">Your role in the application does not show you this.</p>;
  }
  if (error !== null && data === undefined) {
    return <LoadProblem error={error} />;
  }
  if (data === undefined) return <p className="soft small waiting">Loading {label} …</p>;
  const rows = data.pages.flatMap((page) => page.data);
  if (rows.length === 0) return <p className="soft small">{empty}</p>;
  return (
    <>
      {children(rows)}
      {hasNextPage && (
        <Button className="more-rows" isBusy={isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          Show more {label}
        </Button>
      )}
    </>
  );
}
