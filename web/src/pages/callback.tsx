import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { ProblemError } from '../api/problem.js';
import { Skeleton } from '../components/loading.js';
import { useTitle } from '../components/use-title.js';
import { takeProviderAnswer } from '../session/provider-answer.js';
import { session } from '../session/session.js';
import { Entrance } from './entrance.js';

/** Where a provider sends browsers back to. */
export function CallbackPage() {
  useTitle('Signing in');
  const navigate = useNavigate();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    const answer = takeProviderAnswer();
    if (answer === undefined) {
      void navigate({ to: '/sign-in', replace: true });
      return;
    }
    session.finishAtProvider(answer).then(
      // That page leads on.
      (from) => navigate({ to: '/sign-in', search: { from }, replace: true }),
      (error: unknown) => {
        if (!(error instanceof ProblemError)) throw error;
        setProblem(error.message);
      },
    );
  }, [navigate]);
  if (problem === undefined) {
    return (
      <Entrance>
        <h1>Signing you in</h1>
        <Skeleton rows={2} label="Signing you in" />
      </Entrance>
    );
  }
  return (
    <Entrance>
      <h1>You are not signed in</h1>
      <p className="notice danger" role="alert">
        {problem}
      </p>
      <Link to="/sign-in" className="button primary block">
        To the sign-in page
      </Link>
    </Entrance>
  );
}
