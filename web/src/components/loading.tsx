import { ProblemError } from '../api/problem.js';
import { Button } from './button.js';

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

export function LoadProblem({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <div className="notice danger" role="alert">
      <p>{error instanceof ProblemError ? error.message : 'What came back cannot be shown. Try again.'}</p>
      <Button onClick={retry}>Try again</Button>
    </div>
  );
}
