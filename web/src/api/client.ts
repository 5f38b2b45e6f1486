import createClient from 'openapi-fetch';
import { session } from '../session/session.js';
import { ProblemError } from './problem.js';
import type { components, paths } from './schema.js';

export type Application = components['schemas']['ApplicationDto'];
export type ApiKey = components['schemas']['ApiKeyDto'];
export type KeyStatus = ApiKey['status'];
export type IssueApiKey = components['schemas']['IssueApiKeyDto'];

/** Milliseconds before the first and the second repetition. */
const PAUSES = [400, 1200];

/** The calls of the service, with the token of whoever is signed in. */
export const client = createClient<paths>({ baseUrl: location.origin, fetch: send });

/**
 * Sends a request once more with a new token when the old one was refused, and again when no answer came and asking
 * twice does no harm.
 */
async function send(request: Request): Promise<Response> {
  const isRepeatable = request.method !== 'POST' || request.headers.has('idempotency-key');
  for (let round = 0; ; round += 1) {
    const pause = isRepeatable ? PAUSES[round] : undefined;
    try {
      const response = await authorize(request);
      if (response.status !== 503 || pause === undefined) return response;
    } catch (error) {
      if (error instanceof ProblemError && !error.isPassing) throw error;
      if (pause === undefined) throw error instanceof ProblemError ? error : ProblemError.unreachable(error);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function authorize(request: Request): Promise<Response> {
  const token = await session.token();
  const response = await fetchWith(token, request);
  if (response.status !== 401) return response;
  session.forget(token);
  return fetchWith(await session.token(), request);
}

function fetchWith(token: string, request: Request): Promise<Response> {
  const copy = request.clone();
  copy.headers.set('authorization', `Bearer ${token}`);
  return fetch(copy);
}
