import { useQueryClient } from '@tanstack/react-query';
import { ProblemError } from '../api/problem.js';
import { Button } from './button.js';
import { useTitle } from './use-title.js';

/** Stands where rows will be, at their height, so that nothing moves when they come. */
export function Skeleton({ rows, label }: { rows: number; label: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, index) => (
        <span key={index} />
      ))}
    </div>
  );
}

/**
 * Stands in the place of what could not be loaded. Another try asks for all that has failed on the page, which is seldom
 * one thing alone; it is offered where it may do better.
 */
export function LoadProblem({ error, what }: { error: Error; what?: string }) {
  const queries = useQueryClient();
  const refusal = error instanceof ProblemError && !error.isPassing ? error : undefined;
  if (refusal?.status === 403) {
    return (
      <p className="notice" role="status">
        {refusal.message}
      </p>
    );
  }
  const text = error instanceof ProblemError ? error.message : 'What came back cannot be shown. Try again.';
  return (
    <div className="notice danger" role="alert">
      <p>{what === undefined ? text : `${what} could not be loaded. ${text}`}</p>
      {(refusal === undefined || refusal.status === 429) && (
        <Button
          onClick={() => {
            void queries.refetchQueries({
              type: 'active',
              predicate: ({ state }) => state.status === 'error',
            });
          }}
        >
          Try again
        </Button>
      )}
    </div>
  );
}

/** The same where there is nothing else on the page. */
export function PageProblem({ title, error }: { title: string; error: Error }) {
  useTitle(title);
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
      </div>
      <LoadProblem error={error} />
    </>
  );
}
