import { Link } from '@tanstack/react-router';
import { isReachable } from '../api/load.js';
import { ProblemError } from '../api/problem.js';
import { Button } from '../components/button.js';
import { Logo } from '../components/logo.js';
import { warn } from '../components/toast.js';

export function NotFoundPage() {
  return (
    <main className="failure">
      <Logo />
      <h1>There is nothing here</h1>
      <p className="soft">The address may be mistyped, or what was here has been deleted.</p>
      <Link to="/" className="button primary">
        To your applications
      </Link>
    </main>
  );
}

/** What is shown when a page cannot be. */
export function FailurePage({ error, retry }: { error: unknown; retry: () => void }) {
  /** Without the service, the browser would have nothing to show but a fault of its own. */
  async function again(): Promise<void> {
    if (!(await isReachable())) {
      warn(ProblemError.unreachable(undefined).message);
      return;
    }
    retry();
    location.reload();
  }
  return (
    <main className="failure">
      <Logo />
      <h1>That did not work</h1>
      <p className="soft" role="alert">
        {error instanceof ProblemError ? error.message : 'The page has a fault. Load it again.'}
      </p>
      <Button kind="primary" onClick={() => void again()}>
        Try again
      </Button>
    </main>
  );
}
