import { hash } from 'node:crypto';
import { DomainError } from '../../../shared/domain-error.js';
import { parseInSlices } from '../../../shared/http/parse-in-slices.js';
import type { FoundText } from '../application/leak-reports.js';

export interface GithubLeak extends FoundText {
  /** What GitHub calls the pattern. */
  readonly type: string;
}

export interface GithubFeedback {
  token_hash: string;
  token_type: string;
  label: 'true_positive' | 'false_positive';
}

const MAX_LEAKS = 20_000;
const MAX_TYPE = 200;
const MAX_FROM = 500;

/** Throws `malformed_json` and `validation_failed`. What is added to the entries one day is left alone. */
export async function readMessage(body: Buffer): Promise<GithubLeak[]> {
  const entries = await parse(body);
  if (!Array.isArray(entries) || entries.length > MAX_LEAKS) {
    throw invalid('body', `must be a list of at most ${MAX_LEAKS} objects`);
  }
  return entries.map((entry: unknown, i) => {
    const { token, type, url } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<
      string,
      unknown
    >;
    if (typeof token !== 'string' || token === '')
      throw invalid(`${i}.token`, 'must be a string that is not empty');
    if (typeof type !== 'string' || type.length > MAX_TYPE) {
      throw invalid(`${i}.type`, `must be a string of at most ${MAX_TYPE} characters`);
    }
    return { text: token, type, from: typeof url === 'string' ? placeOf(url, token) : null };
  });
}

/** SHA-256 in place of the token: an answer is kept in more places than one. */
export function feedbackOn({ text, type }: GithubLeak, isKey: boolean): GithubFeedback {
  const label = isKey ? 'true_positive' : 'false_positive';
  return { token_hash: hash('sha256', text), token_type: type, label };
}

/**
 * What is kept of a URL, and shown to the owner of the key: where it leads, without what may be secret in it. That is the
 * query, and the key itself, which may be the name of a file.
 */
function placeOf(url: string, token: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, origin, pathname } = new URL(url);
  if (protocol !== 'https:') return null;
  const place = origin + pathname;
  const holdsToken = [place, decoded(place)].some((text) => text.includes(token));
  return (holdsToken ? `${origin}/…` : place).slice(0, MAX_FROM);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function parse(body: Buffer): Promise<unknown> {
  try {
    return await parseInSlices(body);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new DomainError('malformed_json', 'Send a body of JSON.');
  }
}

function invalid(field: string, message: string): DomainError {
  return new DomainError('validation_failed', `${field} ${message}.`, { errors: [{ field, message }] });
}
