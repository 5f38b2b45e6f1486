import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { joinToken } from './access-token.js';

type Json = Record<string, unknown>;

interface Authorization {
  clientId: string;
  redirectUri: string;
  nonce: string | null;
  challenge: string;
}

/**
 * A provider of OpenID Connect that does as it should, and is bent at will: authorization codes with PKCE, refresh tokens
 * that are good once, revocation. Whoever asks for a code has signed in.
 */
export class OpenIdServer {
  static readonly clientId = 'a-dashboard';
  readonly audience = 'upblit-for-others';
  readonly subject = 'auth0|someone';
  readonly profile = { email: 'someone@example.org', name: 'Someone Else' };
  /** Laid over the claims of the next tokens; undefined leaves a claim out. */
  bend: { accessToken?: Json; idToken?: Json } = {};
  /** What the endpoints for tokens do instead of answering. */
  instead: ((reply: ServerResponse) => void) | undefined;
  /** Whether its keys can be read. */
  showsKeys = true;
  /** Whether it gives refresh tokens. */
  givesRefreshTokens = true;
  /** How long they are, in bytes before base64url. */
  refreshTokenBytes = 32;
  /** Every token and code that it has handed out. */
  readonly handedOut: string[] = [];
  readonly #codes = new Map<string, Authorization>();
  readonly #refreshTokens = new Set<string>();
  readonly #kid = randomUUID();
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OpenIdServer> {
    const server = createServer();
    const provider = new OpenIdServer(server);
    server.on('request', (request, reply) => {
      provider.answer(request, reply).catch(() => reply.writeHead(500).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What a service has to be told of it. */
  get env(): Record<string, string> {
    const { issuer, audience } = this;
    return {
      JWT_ISSUERS: JSON.stringify([{ issuer, audience, jwksUrl: `${issuer}/jwks` }]),
      DASHBOARD_OIDC_ISSUER: issuer,
      DASHBOARD_OIDC_CLIENT_ID: OpenIdServer.clientId,
      DASHBOARD_OIDC_PARAMETERS: `audience=${audience}`,
    };
  }

  /** The query of the address to which a browser is sent back that was led to `location`. */
  authorize(location: string): string {
    const url = new URL(location);
    const asked = url.searchParams;
    if (url.origin !== this.issuer || asked.get('response_type') !== 'code') throw new Error(location);
    if (asked.get('code_challenge_method') !== 'S256') throw new Error('no PKCE');
    const code = this.handOut(randomBytes(24).toString('base64url'));
    this.#codes.set(code, {
      clientId: asked.get('client_id') ?? '',
      redirectUri: asked.get('redirect_uri') ?? '',
      nonce: asked.get('nonce'),
      challenge: asked.get('code_challenge') ?? '',
    });
    return new URLSearchParams({ code, state: asked.get('state') ?? '', iss: this.issuer }).toString();
  }

  /** As if somebody had signed out there. */
  endSessions(): void {
    this.#refreshTokens.clear();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const { issuer } = this;
    const path = new URL(request.url ?? '/', issuer).pathname;
    if (path === '/.well-known/openid-configuration') {
      json(reply, 200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        revocation_endpoint: `${issuer}/revoke`,
        end_session_endpoint: `${issuer}/logout`,
        jwks_uri: `${issuer}/jwks`,
        id_token_signing_alg_values_supported: ['ES256'],
        authorization_response_iss_parameter_supported: true,
      });
    } else if (path === '/jwks' && this.showsKeys) {
      const jwk = this.#keys.publicKey.export({ format: 'jwk' });
      json(reply, 200, { keys: [{ ...jwk, kid: this.#kid, use: 'sig', alg: 'ES256' }] });
    } else if (path === '/token' || path === '/revoke') {
      const form = new URLSearchParams(await text(request));
      if (this.instead !== undefined) this.instead(reply);
      else if (path === '/token') this.exchange(form, reply);
      else {
        this.#refreshTokens.delete(form.get('token') ?? '');
        reply.writeHead(200).end();
      }
    } else reply.writeHead(404).end();
  }

  private exchange(form: URLSearchParams, reply: ServerResponse): void {
    const refreshToken = form.get('refresh_token');
    if (refreshToken !== null) {
      if (this.#refreshTokens.delete(refreshToken)) json(reply, 200, this.tokens(null));
      else json(reply, 400, { error: 'invalid_grant' });
      return;
    }
    const code = form.get('code') ?? '';
    const authorization = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isGood =
      authorization?.challenge === challenge && authorization.redirectUri === form.get('redirect_uri');
    if (isGood) json(reply, 200, this.tokens(authorization));
    else json(reply, 400, { error: 'invalid_grant' });
  }

  private tokens(authorization: Authorization | null): Json {
    const now = Math.floor(Date.now() / 1000);
    const common = { iss: this.issuer, sub: this.subject, iat: now, exp: now + 300 };
    const scope = 'applications:read applications:write apikeys:read apikeys:write audit:read';
    const accessToken = this.sign('at+jwt', {
      ...common,
      aud: this.audience,
      jti: randomUUID(),
      scope,
      ...this.bend.accessToken,
    });
    const refreshToken = randomBytes(this.refreshTokenBytes).toString('base64url');
    if (this.givesRefreshTokens) this.#refreshTokens.add(refreshToken);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: 300,
      ...(this.givesRefreshTokens && { refresh_token: this.handOut(refreshToken) }),
      id_token: this.sign('JWT', {
        ...common,
        ...this.profile,
        aud: authorization?.clientId ?? OpenIdServer.clientId,
        ...(authorization !== null && { nonce: authorization.nonce }),
        ...this.bend.idToken,
      }),
    };
  }

  private sign(typ: string, claims: Json): string {
    return this.handOut(joinToken({ alg: 'ES256', typ, kid: this.#kid }, claims, this.#keys.privateKey));
  }

  private handOut(secret: string): string {
    this.handedOut.push(secret);
    return secret;
  }
}

function json(reply: ServerResponse, status: number, body: Json): void {
  reply
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}
