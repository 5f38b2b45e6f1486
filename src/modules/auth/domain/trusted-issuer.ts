import type { KeyObject } from 'node:crypto';
import { DomainError } from '../../../shared/domain-error.js';
import { isSubjectIdentifier, LOCAL_ISSUER } from '../../../shared/subject.js';
import { isUuid } from '../../../shared/uuid.js';
import { areOfIdToken, claimAt, hasClaim, type ClaimPath, type RequiredClaim } from './claims.js';
import type { TokenHeader, UnverifiedToken } from './json-web-token.js';
import { isTokenScope, type Scope } from '../../../shared/scopes.js';
import type { Principal } from './principal.js';

/** How far the clocks of an issuer and ours may differ, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 10;

/** The source of an issuer's keys: a JWKS URL or a shared secret. */
export interface KeySource {
  /** Whether its keys stay what they are for as long as the process runs. */
  readonly isFixed: boolean;
  /**
   * The key a header names, for its algorithm; undefined when the issuer has no such key. Throws
   * `service_unavailable` when that cannot be found out: a valid token is never called invalid because of an outage.
   *
   * @param isNew whether its issuer has handed the token out this moment: its key may be newer than those that were read
   */
  find(header: TokenHeader, isNew?: boolean): Promise<KeyObject | undefined>;
}

/** An issuer and all its tokens are bound to, so that no token of one passes as another's (RFC 8725, section 3). */
export interface TrustedIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** What its people's `Principal.issuer` is. */
  readonly principalIssuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  /** The media types that `typ` may say, in lower case; undefined among them when it may be left out. */
  readonly types: readonly (string | undefined)[];
  readonly keys: KeySource;
  /** The clients whose tokens are taken; null for any. */
  readonly authorizedParties: ReadonlySet<string> | null;
  /** From `iat` to `exp`; null for those that are issued here. */
  readonly maxLifetimeSeconds: number | null;
  readonly requiredClaims: readonly RequiredClaim[];
  readonly scopeClaim: ClaimPath;
  /** What the values of that claim allow; null when they are scopes themselves. */
  readonly roles: ReadonlyMap<string, readonly Scope[]> | null;
  /** The scopes of a token without that claim. */
  readonly defaultScopes: readonly Scope[];
}

/** Whether a token is one of this issuer's access tokens by what it says, looked at before any key is handed out. */
export function acceptsUnverified(
  issuer: TrustedIssuer,
  { header, claims }: Pick<UnverifiedToken, 'header' | 'claims'>,
): boolean {
  // RFC 7515, section 4.1.9: a media type, whose case does not matter and whose "application/" may be left out.
  const type = header.typ?.toLowerCase().replace(/^application\//, '');
  if (!issuer.algorithms.includes(header.alg) || !issuer.types.includes(type)) return false;
  // Any other type says what the token is.
  return !(type === undefined || type === 'jwt') || !areOfIdToken(claims);
}

/** Who a token speaks for, from claims whose signature was verified with a key of that issuer. */
export function principalOf(issuer: TrustedIssuer, claims: Record<string, unknown>, now: Date): Principal {
  const { iss, aud, sub, exp, nbf, iat, jti, sid } = claims;
  const seconds = now.getTime() / 1000;
  if (iss !== issuer.issuer || !names(aud, issuer.audience) || !isSubjectIdentifier(sub)) throw notValid();
  const isLocal = issuer.principalIssuer === LOCAL_ISSUER;
  // The `sub` of people who registered here is their id, and so is the `sid` of their logins.
  if (isLocal && !(isUuid(sub) && isOptional(sid, isSessionId))) throw notValid();
  if (!isTime(exp) || !isOptional(nbf, isTime) || !isOptional(iat, isTime)) throw notValid();
  if (!isShortEnough(issuer, { iat, exp }, seconds) || !hasRequiredClaims(issuer, claims)) throw notValid();
  const scopes = scopesOf(issuer, claims);
  if (seconds >= exp + CLOCK_TOLERANCE_SECONDS) {
    throw new DomainError('invalid_token', 'The access token has expired: get a new one.');
  }
  if (nbf !== undefined && seconds < nbf - CLOCK_TOLERANCE_SECONDS) {
    throw new DomainError('invalid_token', 'The access token is not valid yet: see its nbf.');
  }
  return {
    issuer: issuer.principalIssuer,
    subject: sub,
    scopes: new Set(scopes),
    // Of the same form as a subject. One that is not identifies nothing here, and makes no token worse.
    tokenId: isSubjectIdentifier(jti) ? jti : null,
    // The sessions of others are theirs to end: nobody tells us.
    sessionId: isLocal && isSessionId(sid) ? sid : null,
  };
}

function isShortEnough(
  { maxLifetimeSeconds }: TrustedIssuer,
  { iat, exp }: { iat: number | undefined; exp: number },
  now: number,
): boolean {
  if (maxLifetimeSeconds === null) return true;
  // One that is issued in the future would be valid for longer than it says.
  return iat !== undefined && iat <= now + CLOCK_TOLERANCE_SECONDS && exp - iat <= maxLifetimeSeconds;
}

function hasRequiredClaims(
  { authorizedParties, requiredClaims }: TrustedIssuer,
  claims: Record<string, unknown>,
): boolean {
  const client = authorizedPartyOf(claims);
  const isOfClient =
    authorizedParties === null || (typeof client === 'string' && authorizedParties.has(client));
  return isOfClient && requiredClaims.every((claim) => hasClaim(claims, claim));
}

/**
 * Where the client stands that a token was issued to; the first of these that a token has counts. OpenID Connect Core,
 * section 2; RFC 9068, section 2.2; then as Okta, and Microsoft in tokens of version 1, call it.
 */
const CLIENT_CLAIMS = ['azp', 'client_id', 'cid', 'appid'];

function authorizedPartyOf(claims: Record<string, unknown>): unknown {
  const name = CLIENT_CLAIMS.find((one) => Object.hasOwn(claims, one));
  return name === undefined ? undefined : claims[name];
}

function scopesOf(
  { scopeClaim, roles, defaultScopes }: TrustedIssuer,
  claims: Record<string, unknown>,
): readonly Scope[] {
  const value = claimAt(claims, scopeClaim);
  if (value === undefined) return defaultScopes;
  // `scope` itself is a string (RFC 8693, section 4.2); claims of other names may be lists.
  const mayBeList = scopeClaim.join() !== 'scope';
  const names = typeof value === 'string' ? value.split(' ') : mayBeList ? value : undefined;
  if (!Array.isArray(names) || !names.every((name): name is string => typeof name === 'string'))
    throw notValid();
  return roles === null ? names.filter(isTokenScope) : names.flatMap((name) => roles.get(name) ?? []);
}

/** Says no more than that, so that nobody learns which of the checks to get around next. */
export function notValid(): DomainError {
  return new DomainError(
    'invalid_token',
    'Send an access token that this service issued, or one of an issuer it trusts.',
  );
}

function names(aud: unknown, audience: string): boolean {
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud];
  return audiences.every((one) => typeof one === 'string') && audiences.includes(audience);
}

function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && isUuid(value);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isOptional<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined {
  return value === undefined || is(value);
}
