import { Logger } from '@nestjs/common';
import * as oidc from 'openid-client';
import type { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { readBounded } from '../../../shared/read-bounded.js';
import {
  IdentityProvider,
  type PendingSignIn,
  type ProviderTokens,
} from '../application/identity-provider.js';
import { MAX_PROVIDER_BYTES } from './fetch-jwks.js';

/** Seconds that the provider may take to answer. */
const TIMEOUT = 5;
/** What it says that has nothing to do with who asks: of this service, and of itself. */
const OF_CLIENT = ['invalid_client', 'unauthorized_client'];
const OF_ITSELF = ['temporarily_unavailable', 'server_error', 'slow_down'];
/** How long its description is used before it is read again, in milliseconds. */
const METADATA_AGE_MS = 3600_000;

interface ProviderSettings {
  issuer: string;
  clientId: string;
  /** Without one the client is public, and PKCE alone protects its codes. */
  clientSecret: string | undefined;
  /** Space-separated. */
  scopes: string;
  /** Of the request for authorization, beside those that OpenID Connect needs. */
  parameters: Readonly<Record<string, string>>;
}

/**
 * A provider of OpenID Connect, by the authorization code flow with PKCE, `state` and `nonce` (RFC 9700, section 2.1), and
 * where the provider names itself in its answers (RFC 9207), its `iss`.
 */
export class OpenIdProvider extends IdentityProvider {
  private readonly logger = new Logger(OpenIdProvider.name);
  #known: { config: Promise<oidc.Configuration>; until: number } | undefined;

  constructor(
    private readonly settings: ProviderSettings,
    private readonly clock: Clock,
  ) {
    super();
  }

  async begin(redirectUri: string): Promise<{ location: string; pending: PendingSignIn }> {
    const config = await this.configuration();
    const codeVerifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    const nonce = oidc.randomNonce();
    const location = oidc.buildAuthorizationUrl(config, {
      ...this.settings.parameters,
      redirect_uri: redirectUri,
      scope: this.settings.scopes,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
    return { location: location.href, pending: { state, nonce, codeVerifier, redirectUri } };
  }

  async finish(pending: PendingSignIn, query: string): Promise<ProviderTokens> {
    const config = await this.configuration();
    const answer = new URL(pending.redirectUri);
    answer.search = query;
    try {
      const checks = {
        pkceCodeVerifier: pending.codeVerifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      };
      return toTokens(await oidc.authorizationCodeGrant(config, answer, checks, this.resource()));
    } catch (error) {
      throw this.refusal(error, (detail) => new DomainError('sign_in_failed', detail));
    }
  }

  async refresh(refreshToken: string): Promise<ProviderTokens> {
    const config = this.trusting(await this.configuration());
    try {
      return toTokens(await oidc.refreshTokenGrant(config, refreshToken, this.resource()));
    } catch (error) {
      throw this.refusal(error, () =>
        // Who is signed in stays so while the operator puts it right.
        isOfClient(error)
          ? unavailable()
          : new DomainError('invalid_refresh_token', 'Sign in again: the session has ended.'),
      );
    }
  }

  async end(refreshToken: string | null, returnTo: string): Promise<string | null> {
    const config = await this.configuration();
    const { revocation_endpoint, end_session_endpoint } = config.serverMetadata();
    if (refreshToken !== null && revocation_endpoint !== undefined) {
      await oidc
        .tokenRevocation(config, refreshToken, { token_type_hint: 'refresh_token' })
        .catch((error: unknown) => {
          throw this.refusal(error, (detail) => new DomainError('service_unavailable', detail));
        });
    }
    if (end_session_endpoint === undefined) return null;
    return oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: returnTo }).href;
  }

  /** RFC 8707, section 2.2: the token is asked for what the authorization was asked for. */
  private resource(): Record<string, string> {
    const { resource } = this.settings.parameters;
    return resource === undefined ? {} : { resource };
  }

  /** What the provider says of itself. One that could not be reached is asked again by the next call. */
  private async configuration(): Promise<oidc.Configuration> {
    const now = this.clock.now().getTime();
    if (this.#known === undefined || this.#known.until <= now) {
      this.#known = { config: this.discover(), until: now + METADATA_AGE_MS };
    }
    const known = this.#known;
    try {
      return await known.config;
    } catch (error) {
      if (this.#known === known) this.#known = undefined;
      this.logger.error(`The provider of the dashboard cannot be asked: ${nameOf(error)}`);
      throw unavailable();
    }
  }

  private discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.settings;
    return oidc.discovery(new URL(issuer), clientId, undefined, authentication(clientSecret), {
      timeout: TIMEOUT,
      [oidc.customFetch]: fetchBounded,
      // The signatures of ID tokens, too, although they come from the provider itself.
      execute: [oidc.enableNonRepudiationChecks, ...this.plainHttp()],
    });
  }

  /**
   * The same without the signatures of ID tokens. Nothing of an ID token is taken that comes with a refresh, and its keys
   * might be out of reach when the refresh token has been spent: the next one would be lost.
   */
  private trusting(config: oidc.Configuration): oidc.Configuration {
    const { clientId, clientSecret } = this.settings;
    const same = new oidc.Configuration(
      config.serverMetadata(),
      clientId,
      undefined,
      authentication(clientSecret),
    );
    same.timeout = TIMEOUT;
    same[oidc.customFetch] = fetchBounded;
    for (const allow of this.plainHttp()) allow(same);
    return same;
  }

  /** The configuration allows it in production for this machine alone. */
  private plainHttp(): ((config: oidc.Configuration) => void)[] {
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return new URL(this.settings.issuer).protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  }

  /** What a failure means for whoever signs in. What the provider has sent is in no message: it may hold tokens. */
  private refusal(error: unknown, refuse: (detail: string) => DomainError): DomainError {
    if (error instanceof oidc.AuthorizationResponseError) {
      return refuse(
        error.error === 'access_denied'
          ? 'The provider has not let you in, or you have stopped. Sign in again.'
          : `The provider has refused the sign-in: ${codeOf(error.error)}. Sign in again, or ask the operator of this service.`,
      );
    }
    if (error instanceof oidc.ResponseBodyError && !isOfProvider(error)) {
      if (error.error !== 'invalid_grant') {
        this.logger.error(`The provider of the dashboard refuses its client: ${codeOf(error.error)}`);
      }
      return refuse('The provider does not accept the answer that it has given. Sign in again.');
    }
    if (error instanceof oidc.WWWAuthenticateChallengeError) {
      this.logger.error('The provider of the dashboard does not accept its client');
      return refuse('The provider does not accept this service. Ask its operator.');
    }
    if (isAnswer(error)) {
      this.logger.warn(`A sign-in at the provider of the dashboard was refused: ${nameOf(error)}`);
      return refuse("The provider's answer does not belong to this sign-in. Sign in again.");
    }
    this.logger.error(`The provider of the dashboard cannot be asked: ${nameOf(error)}`);
    return unavailable();
  }
}

/** For services whose people have their accounts here. */
export class NoProvider extends IdentityProvider {
  override begin(): Promise<never> {
    return Promise.reject(noProvider());
  }
  override finish(): Promise<never> {
    return Promise.reject(noProvider());
  }
  override refresh(): Promise<never> {
    return Promise.reject(noProvider());
  }
  override end(): Promise<never> {
    return Promise.reject(noProvider());
  }
}

function noProvider(): DomainError {
  return new DomainError('not_found', 'People sign in here with a password: there is no other provider.');
}

/** OpenID Connect Core, section 9: `client_secret_basic` is what a provider has that does not say otherwise. */
function authentication(secret: string | undefined): oidc.ClientAuth {
  if (secret === undefined) return oidc.None();
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported;
    const isBasic = methods === undefined || methods.includes('client_secret_basic');
    const authenticate = isBasic ? oidc.ClientSecretBasic(secret) : oidc.ClientSecretPost(secret);
    authenticate(server, client, body, headers);
  };
}

/** Follows no redirect, as it is told, and reads a bounded number of bytes. */
async function fetchBounded(url: string, options: oidc.CustomFetchOptions): Promise<Response> {
  const response = await fetch(url, options as RequestInit);
  const { status, statusText, headers } = response;
  const body = response.body === null ? null : await readBounded(response.body, MAX_PROVIDER_BYTES);
  return new Response(body, { status, statusText, headers });
}

function toTokens(tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers): ProviderTokens {
  const claims = tokens.claims();
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? null,
    profile: claims && { email: textOf(claims.email), name: textOf(claims.name) },
  };
}

function textOf(claim: unknown): string | null {
  return typeof claim === 'string' && claim !== '' && claim.length <= 254 ? claim : null;
}

/** Whether it is about what was answered, and not about whether anything was. */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof oidc.ClientError)) return false;
  return !['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM'].includes(error.code ?? '');
}

function isOfClient(error: unknown): boolean {
  if (error instanceof oidc.WWWAuthenticateChallengeError) return true;
  return error instanceof oidc.ResponseBodyError && OF_CLIENT.includes(error.error);
}

/** Whether it may answer otherwise in a moment: it is away, or is asked too often. */
function isOfProvider({ status, error }: oidc.ResponseBodyError): boolean {
  return status === 429 || status >= 500 || OF_ITSELF.includes(error);
}

/** RFC 6749, section 4.1.2.1, says which characters a code of an error has. */
function codeOf(error: string): string {
  return /^[a-z_]{1,60}$/.test(error) ? error : 'for a reason of its own';
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `${error.name}${code}`;
}

function unavailable(): DomainError {
  return new DomainError(
    'service_unavailable',
    'The provider that you sign in with cannot be reached. Try again in a moment.',
    { retryAfter: 5 },
  );
}
