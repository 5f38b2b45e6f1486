import { createHmac, createPublicKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { LocalKeys } from '../../src/modules/auth/infrastructure/local-keys.js';
import type { TestApp } from './test-app.js';

type Json = Record<string, unknown>;

export interface TokenParts {
  /** Laid over the header and the claims of a good token; undefined leaves a member out. */
  header?: Json;
  claims?: Json;
  /** What signs it: the service's own key unless another is given; a buffer is an HMAC secret. */
  key?: KeyObject | Buffer;
}

/** An access token as the service would sign it, bent at will. */
export function forgeToken(app: TestApp, parts: TokenParts = {}): string {
  const key = app.env.JWT_SIGNING_KEY!;
  const now = Math.floor(Date.now() / 1000);
  return joinToken(
    { alg: 'ES256', typ: 'at+jwt', kid: new LocalKeys(key, []).signingKid, ...parts.header },
    {
      iss: app.env.JWT_ISSUER,
      aud: app.env.JWT_AUDIENCE,
      sub: randomUUID(),
      iat: now,
      exp: now + 900,
      jti: randomUUID(),
      scope: 'applications:read',
      ...parts.claims,
    },
    parts.key ?? key,
  );
}

/** A JWS in its compact form, put together by hand: libraries refuse to make the bad ones. */
export function joinToken(header: Json, claims: Json, key: KeyObject | Buffer): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = Buffer.isBuffer(key)
    ? createHmac('sha256', key).update(signed).digest()
    : sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The service's public key as everybody can read it, in PEM. */
export function publicPem(app: TestApp): Buffer {
  return Buffer.from(createPublicKey(app.env.JWT_SIGNING_KEY!).export({ type: 'spki', format: 'pem' }));
}

function encode(value: Json): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
