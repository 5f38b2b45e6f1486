import { DomainError } from '../../../shared/domain-error.js';

/** Characters of a URL. */
export const MAX_URL = 2000;

/**
 * The URL of a receiver, in its normal form. Where the name in it leads is judged when a connection is opened, since it
 * may lead elsewhere by then.
 *
 * Throws `validation_failed`.
 */
export function readWebhookUrl(text: string, allowsPlainHttp: boolean): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw badUrl('must be an absolute URL');
  }
  if (url.protocol !== 'https:' && !(allowsPlainHttp && url.protocol === 'http:')) {
    throw badUrl(allowsPlainHttp ? 'must begin with https:// or http://' : 'must begin with https://');
  }
  // They would be sent as a header, and stand in lists; the signature says who calls.
  if (url.username !== '' || url.password !== '') throw badUrl('must not hold a user or a password');
  if (url.hash !== '') throw badUrl('must not have a fragment, which is sent to nobody');
  if (url.href.length > MAX_URL) throw badUrl(`must have at most ${MAX_URL} characters`);
  return url.href;
}

function badUrl(message: string): DomainError {
  return new DomainError('validation_failed', `url ${message}.`, { errors: [{ field: 'url', message }] });
}
