/**
 * What a secret of this service looks like, wherever it turns up: an API key, a refresh token, a JWT. The
 * patterns are wider than the formats, so that a mistyped or cut-off secret is taken for one too.
 */
const SECRETS = /upblit(?:_|%5f)+(?:live|test|rt)(?:_|%5f)+[\w%-]*|\beyJ[\w-]{6,}(?:\.[\w-]*){0,2}/gi;

const REDACTED = '[redacted]';

/** The text with every secret taken out of it. */
export function scrub(text: string): string {
  return text.replace(SECRETS, REDACTED);
}

/** Whether anything in the text looks like a key or a token. */
export function holdsSecret(text: string): boolean {
  return scrub(text) !== text;
}
