import { ProblemError } from './problem.js';

/** Whether the service gives any answer just now. */
export async function isReachable(): Promise<boolean> {
  try {
    return (await fetch('/dashboard/settings.json', { cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}

/**
 * Loads a part of the dashboard. What is not there any more, as the service has a newer dashboard, comes with the page when
 * it is loaded again, which the router does. Without the service that would leave nothing at all, so that is said instead.
 */
export function part<Module>(load: () => Promise<Module>): () => Promise<Module> {
  return async () => {
    try {
      return await load();
    } catch (cause) {
      if (await isReachable()) throw cause;
      throw ProblemError.unreachable(cause);
    }
  };
}
