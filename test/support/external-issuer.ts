import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { joinToken } from './access-token.js';

interface IssuerKey {
  kid: string;
  privateKey: KeyObject;
  jwk: object;
}

type Json = Record<string, unknown>;

/** Another identity provider: a JWKS URL that is really served, and tokens signed with its keys. */
export class ExternalIssuer {
  readonly audience = 'upblit-for-others';
  /** How often the JWKS URL was asked. */
  requests = 0;
  /** What the JWKS URL does instead of answering the keys. */
  instead: ((reply: ServerResponse) => void) | undefined;
  keys: IssuerKey[] = [newKey()];

  private constructor(
    private readonly server: Server,
    readonly issuer: string,
  ) {}

  static async start(name = `https://${randomUUID()}.example/`): Promise<ExternalIssuer> {
    const server = createServer();
    const issuer = new ExternalIssuer(server, name);
    server.on('request', (_request, reply) => {
      issuer.requests += 1;
      if (issuer.instead === undefined)
        reply.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
      else issuer.instead(reply);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return issuer;
  }

  get jwksUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks.json`;
  }

  /** An entry of `JWT_ISSUERS`. */
  settings(more: Json = {}): Json {
    const { issuer, audience, jwksUrl } = this;
    return { issuer, audience, jwksUrl, authorizedParties: ['a-dashboard'], ...more };
  }

  /** Takes a new key into use, and the old ones out. */
  rotate(): void {
    this.keys = [newKey()];
  }

  /** A good token for all there is, bent at will; undefined leaves a member out. */
  token(claims: Json = {}, header: Json = {}, key = this.keys[0]!): string {
    const now = Math.floor(Date.now() / 1000);
    return joinToken(
      { alg: 'ES256', typ: 'JWT', kid: key.kid, ...header },
      {
        iss: this.issuer,
        aud: this.audience,
        azp: 'a-dashboard',
        sub: 'auth0|someone',
        iat: now,
        exp: now + 300,
        scope: 'openid applications:read applications:write apikeys:read apikeys:write',
        ...claims,
      },
      key.privateKey,
    );
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function newKey(): IssuerKey {
  const kid = randomUUID();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' } };
}
