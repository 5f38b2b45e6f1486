/** What the browser keeps, sealed, while somebody signs in at the provider. */
export interface PendingSignIn {
  /** Comes back with the browser, so that nobody can end a sign-in that they have not begun. */
  readonly state: string;
  /** Comes back in the ID token, so that none of another sign-in can be put in its place. */
  readonly nonce: string;
  /** RFC 7636: who does not have it can make nothing of the code. */
  readonly codeVerifier: string;
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string;
}

export interface ProviderTokens {
  readonly accessToken: string;
  /** Null where the provider gives none: then the login ends with the access token. */
  readonly refreshToken: string | null;
  /** What the ID token calls the person; undefined when there was none. */
  readonly profile: { readonly email: string | null; readonly name: string | null } | undefined;
}

/** Where people sign in to the dashboard who have no account here. */
export abstract class IdentityProvider {
  /**
   * Where the browser is to go. Throws `not_found` where there is no provider, and `service_unavailable` when it cannot
   * be reached.
   */
  abstract begin(redirectUri: string): Promise<{ location: string; pending: PendingSignIn }>;
  /**
   * Exchanges what the provider has sent the browser back with: the query of that address. Throws `not_found`,
   * `sign_in_failed` and `service_unavailable`.
   */
  abstract finish(pending: PendingSignIn, query: string): Promise<ProviderTokens>;
  /** Throws `not_found`, `invalid_refresh_token` when the login has ended there, and `service_unavailable`. */
  abstract refresh(refreshToken: string): Promise<ProviderTokens>;
  /**
   * Has the provider forget a refresh token, if it can. Returns where the browser has to go to be signed out there as
   * well; null when there is no such place. Throws `not_found` and `service_unavailable`.
   */
  abstract end(refreshToken: string | null, returnTo: string): Promise<string | null>;
}
