import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../../shared/clock.js';
import { DomainError } from '../../../shared/domain-error.js';
import { AccessTokenReader } from './access-token-reader.js';
import { IdentityProvider, type PendingSignIn, type ProviderTokens } from './identity-provider.js';
import { Seal } from './seal.js';

/** How long somebody may take at the provider. */
export const SIGN_IN_SECONDS = 10 * 60;
/** As long as logins here last; the provider may end one earlier. */
export const SESSION_SECONDS = 30 * 24 * 3600;
/** Browsers keep 4,096 bytes of a cookie, with its name (RFC 6265bis, section 5.6). */
const MAX_SEALED_LENGTH = 3900;

/** What the browser keeps, sealed, of a login at the provider. */
interface Kept {
  refreshToken: string | null;
  /** In place of a refresh token, where the provider gives none. */
  accessToken: string | null;
  /** Whose it is: a refresh never makes it somebody else's. */
  subject: string;
  email: string | null;
  name: string | null;
  /** Milliseconds of Unix time. Refreshing does not prolong it. */
  endsAt: number;
}

/** The tokens of a person who has signed in at the provider. */
export interface FederatedSignedIn {
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
  scopes: readonly string[];
  user: { id: string; issuer: string; email: string | null; name: string | null };
  /** For the browser to keep. */
  sealed: string;
}

/**
 * The provider has replaced the refresh token, and its access token cannot be judged just now: the call may be repeated, with
 * what the browser is to keep from here on.
 */
export class RefreshedInPart extends DomainError {
  constructor(
    { code, detail, details }: DomainError,
    readonly sealed: string,
  ) {
    super(code, detail, details);
  }
}

/**
 * Logins at a provider, for pages of this service. The API takes the provider's own access tokens, as it takes them from
 * anybody; what gets the next one is kept by the browser, sealed, and by nobody here.
 */
@Injectable()
export class FederatedSessionService {
  private readonly logger = new Logger(FederatedSessionService.name);

  constructor(
    private readonly provider: IdentityProvider,
    private readonly seal: Seal,
    private readonly accessTokens: AccessTokenReader,
    private readonly clock: Clock,
  ) {}

  /** Throws as `IdentityProvider.begin` does. */
  async begin(redirectUri: string): Promise<{ location: string; sealed: string }> {
    const { location, pending } = await this.provider.begin(redirectUri);
    const expiresAt = new Date(this.clock.now().getTime() + SIGN_IN_SECONDS * 1000);
    return { location, sealed: await this.seal.close('pending-sign-in', pending, expiresAt) };
  }

  /** Throws `not_found`, `sign_in_failed` and `service_unavailable`. */
  async finish(sealed: string | undefined, query: string): Promise<FederatedSignedIn> {
    const pending = sealed === undefined ? undefined : await this.seal.open('pending-sign-in', sealed);
    if (pending === undefined) {
      throw new DomainError(
        'sign_in_failed',
        'Sign in again: this browser has begun no sign-in, or it has taken more than ten minutes.',
      );
    }
    const tokens = await this.provider.finish(pending as unknown as PendingSignIn, query);
    const { email, name } = tokens.profile ?? { email: null, name: null };
    const endsAt = this.clock.now().getTime() + SESSION_SECONDS * 1000;
    return this.signedIn(tokens, { email, name, endsAt }).catch((error: unknown) => {
      if (!(error instanceof DomainError) || error.code !== 'invalid_token') throw error;
      this.logger.error(
        'The provider of the dashboard issues access tokens that its entry in JWT_ISSUERS does not accept',
      );
      throw new DomainError(
        'sign_in_failed',
        'You have signed in, but this service does not accept what the provider says you may do. Ask its operator.',
      );
    });
  }

  /** Throws `not_found`, `invalid_refresh_token`, and `service_unavailable`, perhaps as a `RefreshedInPart`. */
  async refresh(sealed: string | undefined): Promise<FederatedSignedIn> {
    const kept = await this.open(sealed);
    if (kept === undefined) throw ended();
    const { refreshToken, accessToken } = kept;
    const tokens =
      refreshToken !== null
        ? await this.provider.refresh(refreshToken)
        : { accessToken: accessToken ?? '', refreshToken: null, profile: undefined };
    // A provider that does not replace the refresh token says nothing of it (RFC 6749, section 6).
    const next = { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
    return this.signedIn(next, kept).catch(async (error: unknown) => {
      // The former refresh token is spent: whoever repeats the call with it may lose the login.
      if (!isUnavailable(error) || tokens.refreshToken === null) throw endedBy(error);
      const replaced = { ...kept, refreshToken: tokens.refreshToken, accessToken: null };
      const sealed = await this.close(replaced, kept.endsAt).catch((failure: unknown) => {
        throw endedBy(failure);
      });
      throw new RefreshedInPart(error, sealed);
    });
  }

  /**
   * Where the browser has to go to be signed out at the provider as well; null when it has nowhere to go. While the provider
   * is away people are signed out here alone: nobody is kept in. May be repeated.
   */
  async end(sealed: string | undefined, returnTo: string): Promise<string | null> {
    const kept = await this.open(sealed);
    if (kept === undefined) return null;
    try {
      return await this.provider.end(kept.refreshToken, returnTo);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.logger.warn('The provider has not been told that somebody has signed out');
      return null;
    }
  }

  private async open(sealed: string | undefined): Promise<Kept | undefined> {
    const kept = sealed === undefined ? undefined : await this.seal.open('federated-session', sealed);
    return kept as unknown as Kept | undefined;
  }

  private async signedIn(
    { accessToken, refreshToken }: ProviderTokens,
    known: Pick<Kept, 'email' | 'name' | 'endsAt'> & { subject?: string },
  ): Promise<FederatedSignedIn> {
    const { principal, expiresAt } = await this.accessTokens.read(accessToken);
    const { subject, issuer, scopes } = principal;
    if (known.subject !== undefined && known.subject !== subject) throw ended();
    const { email, name, endsAt } = known;
    const kept: Kept = {
      refreshToken,
      accessToken: refreshToken === null ? accessToken : null,
      subject,
      email,
      name,
      endsAt,
    };
    const until = refreshToken === null ? Math.min(endsAt, expiresAt.getTime()) : endsAt;
    const sealed = await this.close(kept, until);
    const expiresIn = Math.max(0, Math.floor((expiresAt.getTime() - this.clock.now().getTime()) / 1000));
    return {
      accessToken,
      expiresIn,
      scopes: [...scopes],
      user: { id: subject, issuer, email, name },
      sealed,
    };
  }

  private async close(kept: Kept, until: number): Promise<string> {
    const sealed = await this.seal.close('federated-session', kept, new Date(until));
    if (sealed.length > MAX_SEALED_LENGTH) {
      this.logger.error(`The provider's tokens do not fit into a cookie: ${sealed.length} characters`);
      throw new DomainError(
        'sign_in_failed',
        'The provider issues tokens that are too long for a cookie. Ask the operator of this service.',
      );
    }
    return sealed;
  }
}

function isUnavailable(error: unknown): error is DomainError {
  return error instanceof DomainError && error.code === 'service_unavailable';
}

/** What is thrown when the provider's tokens were refused, or cannot be kept: there is nothing to go on with. */
function endedBy(error: unknown): unknown {
  return error instanceof DomainError && !isUnavailable(error) ? ended() : error;
}

function ended(): DomainError {
  return new DomainError('invalid_refresh_token', 'Sign in again: the session has ended.');
}
