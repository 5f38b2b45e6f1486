import { useState, type SyntheticEvent } from 'react';
import { ProblemError } from '../api/problem.js';

/** Does a thing once at a time and keeps why it could not be done. What is no refusal goes on being thrown. */
export function useSubmit(work: () => Promise<void>): {
  isBusy: boolean;
  problem: ProblemError | undefined;
  submit: (event?: SyntheticEvent) => void;
} {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemError>();

  async function run(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  return {
    isBusy,
    problem,
    submit: (event) => {
      event?.preventDefault();
      if (!isBusy) void run();
    },
  };
}
