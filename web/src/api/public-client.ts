import createClient from 'openapi-fetch';
import { ProblemError } from './problem.js';
import type { paths } from './schema.js';

/** The calls that nobody has to be signed in for. They are not repeated: their tokens are good once. */
export const publicClient = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request) =>
    fetch(request).catch((cause: unknown) => {
      throw ProblemError.unreachable(cause);
    }),
});
