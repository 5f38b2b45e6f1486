/** Where a claim stands: its name, or the names on the way to it. */
export type ClaimPath = readonly string[];

/** A claim that tokens must have, with one of these values, or with a list that holds one of them. */
export interface RequiredClaim {
  readonly path: ClaimPath;
  readonly values: readonly (string | number | boolean)[];
}

/** Undefined when there is none. */
export function claimAt(claims: Readonly<Record<string, unknown>>, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

export function hasClaim(
  claims: Readonly<Record<string, unknown>>,
  { path, values }: RequiredClaim,
): boolean {
  const value = claimAt(claims, path);
  const held: unknown[] = Array.isArray(value) ? value : [value];
  return held.some((one) => (values as readonly unknown[]).includes(one));
}

/** What an ID token has, and an access token has not, by OpenID Connect Core (3.1.3.6, 3.3.2.11) and FAPI. */
const CLAIMS_OF_ID_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash'];

/**
 * Whether claims are those of an ID token, where the type of a token does not tell. It is meant for the client that
 * somebody has signed in to, says nothing of what that client may do, and may have the same audience.
 */
export function areOfIdToken(claims: Readonly<Record<string, unknown>>): boolean {
  if (CLAIMS_OF_ID_TOKENS.some((name) => Object.hasOwn(claims, name))) return true;
  // As Keycloak and Amazon Cognito mark theirs.
  return claims.typ === 'ID' || claims.token_use === 'id';
}
