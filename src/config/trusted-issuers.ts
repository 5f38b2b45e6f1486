import { createSecretKey, type KeyObject } from 'node:crypto';
import { API_KEY_ISSUER, SERVICE_KEY_ISSUER, SYSTEM_ISSUER } from '../shared/actor.js';
import { isTokenScope, type Scope } from '../shared/scopes.js';
import { LOCAL_ISSUER } from '../shared/subject.js';

/** One entry of `JWT_ISSUERS`: another issuer whose access tokens are taken. */
export interface IssuerSettings {
  /** The tokens' `iss`. */
  issuer: string;
  /** What their `aud` must name. */
  audience: string;
  algorithms: string[];
  keys: { jwksUrl: URL } | { hs256Secret: KeyObject };
  /** The scopes of a token that has no `scope` claim. */
  defaultScopes: Scope[];
}

const FIELDS = new Set(['issuer', 'audience', 'jwksUrl', 'hs256Secret', 'algorithms', 'defaultScopes']);

/** What jsonwebtoken can verify with a public key. */
const PUBLIC_KEY_ALGORITHMS = new Set([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
]);

/** Reads `JWT_ISSUERS`. Throws an Error that names the entry and the field, never their values. */
export function parseTrustedIssuers(text: string): IssuerSettings[] {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    throw new Error('must be JSON');
  }
  if (!Array.isArray(entries)) throw new Error('must be a JSON array of objects');
  const issuers = entries.map((entry: unknown, index) => {
    try {
      return parseIssuer(entry);
    } catch (error) {
      throw new Error(`entry ${index}: ${(error as Error).message}`, { cause: error });
    }
  });
  if (new Set(issuers.map(({ issuer }) => issuer)).size < issuers.length) {
    throw new Error('must not name an issuer twice');
  }
  return issuers;
}

function parseIssuer(entry: unknown): IssuerSettings {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw new Error('must be an object');
  }
  const fields = entry as Record<string, unknown>;
  if (Object.keys(fields).some((name) => !FIELDS.has(name))) {
    throw new Error(`has a field other than ${[...FIELDS].join(', ')}`);
  }
  const issuer = stringOf(fields, 'issuer');
  // Local people's applications, keys, and what the service does by itself, are stored under these names.
  if ([LOCAL_ISSUER, SYSTEM_ISSUER, SERVICE_KEY_ISSUER, API_KEY_ISSUER].includes(issuer)) {
    throw new Error(`issuer must not be "${issuer}"`);
  }
  const keys = parseKeys(fields);
  return {
    issuer,
    audience: stringOf(fields, 'audience'),
    keys,
    algorithms: parseAlgorithms(fields.algorithms, 'jwksUrl' in keys),
    defaultScopes: parseScopes(fields.defaultScopes),
  };
}

function parseKeys(fields: Record<string, unknown>): IssuerSettings['keys'] {
  if ((fields.jwksUrl === undefined) === (fields.hs256Secret === undefined)) {
    throw new Error('must have either jwksUrl or hs256Secret');
  }
  if (fields.hs256Secret !== undefined) {
    const secret = Buffer.from(stringOf(fields, 'hs256Secret'));
    // RFC 7518, section 3.2: a key as long as the hash, or longer.
    if (secret.length < 32) throw new Error('hs256Secret must be at least 32 bytes');
    return { hs256Secret: createSecretKey(secret) };
  }
  const url = stringOf(fields, 'jwksUrl');
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined;
  if (protocol !== 'https:' && protocol !== 'http:') throw new Error('jwksUrl must be an https URL');
  return { jwksUrl: new URL(url) };
}

function parseAlgorithms(value: unknown, publicKeys: boolean): string[] {
  if (!publicKeys) {
    if (value === undefined || (Array.isArray(value) && value.length === 1 && value[0] === 'HS256')) {
      return ['HS256'];
    }
    throw new Error('algorithms must be ["HS256"] with hs256Secret');
  }
  const algorithms = stringsOf(value ?? ['RS256', 'ES256'], 'algorithms');
  if (algorithms.length === 0 || !algorithms.every((algorithm) => PUBLIC_KEY_ALGORITHMS.has(algorithm))) {
    throw new Error(`algorithms must be some of ${[...PUBLIC_KEY_ALGORITHMS].join(', ')} with jwksUrl`);
  }
  return algorithms;
}

function parseScopes(value: unknown): Scope[] {
  return stringsOf(value ?? [], 'defaultScopes').map((scope) => {
    if (!isTokenScope(scope)) throw new Error('defaultScopes must be scopes of this service');
    return scope;
  });
}

function stringOf(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '')
    throw new Error(`${name} must be a string that is not empty`);
  return value;
}

function stringsOf(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new Error(`${name} must be an array of strings`);
  }
  return value;
}
