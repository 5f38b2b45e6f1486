/**
 * What a secret of this service looks like, wherever it turns up: an API key, a refresh token, a JWT. The
 * patterns are wider than the formats, so that a mistyped or cut-off secret is taken for one too.
 */
const SECRETS = /upblit(?:_|%5f)+(?:live|test|rt)(?:_|%5f)+[\w%-]*|\beyJ[\w-]{6,}(?:\.[\w-]*){0,2}/gi;

/** Query parameters whose values say nothing about anybody. Every other value stays out of the logs. */
const PLAIN_PARAMETERS = new Set(['ApplicationId', 'limit', 'cursor', 'status', 'scopes']);

export const REDACTED = '[redacted]';

/** The text with every secret taken out of it. */
export function scrub(text: string): string {
  return text.replace(SECRETS, REDACTED);
}

/** Whether anything in the text looks like a key or a token, percent-encoded or not. */
export function holdsSecret(text: string): boolean {
  return scrub(text) !== text || scrub(decoded(text)) !== decoded(text);
}

/** A path as it may be logged and answered: cut short, and without anything that looks like a secret. */
export function scrubPath(url: string): string {
  const [path = ''] = url.split('?', 1);
  if (scrub(decoded(path)) !== decoded(path)) return scrub(decoded(path)).slice(0, 200);
  return scrub(path).slice(0, 200);
}

/** A request's URL as it may be logged. */
export function scrubUrl(url: string): string {
  const query = url.indexOf('?');
  if (query === -1) return scrubPath(url);
  const parameters = url
    .slice(query + 1)
    .split('&')
    .map((parameter) => {
      const [name = ''] = parameter.split('=', 1);
      if (PLAIN_PARAMETERS.has(name) && !holdsSecret(parameter)) return parameter;
      return `${/^[A-Za-z_-]{1,40}$/.test(name) ? name : REDACTED}=${REDACTED}`;
    });
  return `${scrubPath(url)}?${parameters.join('&').slice(0, 200)}`;
}

function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
