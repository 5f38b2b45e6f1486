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
  /** What `typ` may say, in lower case and without "application/"; undefined among them when it may be left out. */
  types: (string | undefined)[];
  /** The clients whose tokens are taken; null for those of any. */
  authorizedParties: string[] | null;
  /** From `iat` to `exp`. */
  maxLifetimeSeconds: number;
  /** Claims that must have one of these values, or hold one of them in a list. */
  requiredClaims: { path: string[]; values: (string | number | boolean)[] }[];
  /** Where the scopes stand. */
  scopeClaim: string[];
  /** What the values of that claim allow; null when they are scopes themselves. */
  roles: Map<string, Scope[]> | null;
  /** The scopes of a token that does not have that claim. */
  defaultScopes: Scope[];
}

const FIELDS = new Set([
  'issuer',
  'audience',
  'jwksUrl',
  'hs256Secret',
  'algorithms',
  'types',
  'authorizedParties',
  'maxLifetimeSeconds',
  'requiredClaims',
  'scopeClaim',
  'roles',
  'defaultScopes',
]);

/** The media type of access tokens (RFC 9068, section 2.1). */
const ACCESS_TOKEN_TYPE = 'at+jwt';
/** What tokens of every kind say, ID tokens among them. */
const ANY_TOKEN: readonly (string | undefined)[] = ['jwt', undefined];

/** Longer than any issuer's access tokens last unless somebody has set them to. */
const USUAL_MAX_LIFETIME_SECONDS = 86_400;
const MAX_MAX_LIFETIME_SECONDS = 31_536_000;

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
  const authorizedParties = parseAuthorizedParties(fields.authorizedParties);
  return {
    issuer,
    audience: stringOf(fields, 'audience'),
    keys,
    algorithms: parseAlgorithms(fields.algorithms, 'jwksUrl' in keys),
    types: parseTypes(fields.types, authorizedParties !== null),
    authorizedParties,
    maxLifetimeSeconds: parseMaxLifetime(fields.maxLifetimeSeconds),
    requiredClaims: parseRequiredClaims(fields.requiredClaims),
    scopeClaim: parseClaimName(fields.scopeClaim ?? 'scope', 'scopeClaim'),
    roles: parseRoles(fields.roles),
    defaultScopes: parseScopes(fields.defaultScopes ?? [], 'defaultScopes'),
  };
}

function parseAuthorizedParties(value: unknown): string[] | null {
  if (value === undefined) return null;
  const parties = stringsOf(value, 'authorizedParties');
  if (parties.length === 0 || parties.includes('')) {
    throw new Error('authorizedParties must name at least one client');
  }
  return parties;
}

/** Every token has to say by its type that it is an access token, or by its client whose it is. */
function parseTypes(value: unknown, namesClients: boolean): (string | undefined)[] {
  if (value === undefined) return namesClients ? [ACCESS_TOKEN_TYPE, ...ANY_TOKEN] : [ACCESS_TOKEN_TYPE];
  if (!Array.isArray(value) || value.length === 0 || !value.every(isTypeOrNull)) {
    throw new Error('types must be an array of media types, or null for a token without one');
  }
  const types = value.map((type: string | null) => type?.toLowerCase().replace(/^application\//, ''));
  if (!namesClients && types.some((type) => ANY_TOKEN.includes(type))) {
    throw new Error(
      'types must be more than "JWT" or null without authorizedParties: ID tokens are of those, too',
    );
  }
  return types;
}

function isTypeOrNull(value: unknown): boolean {
  return value === null || (typeof value === 'string' && /^[\w!#$&^.+/-]{1,100}$/.test(value));
}

function parseMaxLifetime(value: unknown = USUAL_MAX_LIFETIME_SECONDS): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > MAX_MAX_LIFETIME_SECONDS) {
    throw new Error(`maxLifetimeSeconds must be an integer from 1 to ${MAX_MAX_LIFETIME_SECONDS}`);
  }
  return value as number;
}

function parseRequiredClaims(value: unknown = {}): IssuerSettings['requiredClaims'] {
  return entriesOf(value, 'requiredClaims').map(([name, wanted]) => {
    const values: unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    if (values.length === 0 || !values.every(isPlain)) {
      throw new Error('requiredClaims must have strings, numbers, booleans, or lists of them, for values');
    }
    return { path: parseClaimName(name, 'requiredClaims'), values };
  });
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function parseRoles(value: unknown): Map<string, Scope[]> | null {
  if (value === undefined) return null;
  return new Map(entriesOf(value, 'roles').map(([role, scopes]) => [role, parseScopes(scopes, 'roles')]));
}

/** The name of a claim as it is, dots and all, or a JSON Pointer (RFC 6901), which begins with a slash. */
function parseClaimName(value: unknown, field: string): string[] {
  if (typeof value !== 'string' || value === '' || /~(?![01])/.test(value.startsWith('/') ? value : '')) {
    throw new Error(`${field} must name claims, or point to them as JSON Pointers do`);
  }
  if (!value.startsWith('/')) return [value];
  return value
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
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

function parseScopes(value: unknown, field: string): Scope[] {
  return stringsOf(value, field).map((scope) => {
    if (!isTokenScope(scope)) throw new Error(`${field} must be scopes of this service`);
    return scope;
  });
}

function entriesOf(value: unknown, field: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${field} must be an object`);
  }
  return Object.entries(value);
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
