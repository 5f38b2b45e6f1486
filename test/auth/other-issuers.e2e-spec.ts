import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import request from 'supertest';
import { forgeToken, joinToken, publicPem } from '../support/access-token.js';
import { ExternalIssuer } from '../support/external-issuer.js';
import { signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const SECRET = 'a secret of thirty-two bytes, or more';
const SHARED = 'https://shared.example/';
const now = (): number => Math.floor(Date.now() / 1000);

function sharedToken(claims: object = {}, secret = SECRET, alg = 'HS256', typ = 'at+jwt'): string {
  const base = { iss: SHARED, aud: 'shared-audience', sub: 'auth0|someone', iat: now(), exp: now() + 300 };
  return joinToken({ alg, typ }, { ...base, ...claims }, Buffer.from(secret));
}

const me = (app: TestApp, token: string): request.Test =>
  request(app.http).get('/auth/me').auth(token, { type: 'bearer' });

async function expectRefused(app: TestApp, token: string): Promise<void> {
  const answer = await me(app, token);
  expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
}

describe('A token of another issuer', () => {
  let first: ExternalIssuer;
  let second: ExternalIssuer;
  let app: TestApp;

  beforeAll(async () => {
    first = await ExternalIssuer.start();
    second = await ExternalIssuer.start();
    app = await TestApp.start({
      env: {
        JWT_ISSUERS: JSON.stringify([
          first.settings({ algorithms: ['ES256', 'RS256'] }),
          second.settings({ defaultScopes: ['applications:read'] }),
          { issuer: SHARED, audience: 'shared-audience', hs256Secret: SECRET },
        ]),
      },
    });
  });
  afterAll(async () => {
    await app.stop();
    await first.stop();
    await second.stop();
  });

  describe('is taken', () => {
    it('by the keys behind its JWKS URL, and may do what its scope says of ours', async () => {
      const answer = await me(app, first.token());
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        id: 'auth0|someone',
        email: null,
        name: null,
        scope: 'applications:read applications:write apikeys:read apikeys:write',
      });
    });

    it('by the secret it shares with us', async () => {
      const answer = await me(app, sharedToken({ scope: 'audit:read' }));
      expect(answer.body).toMatchObject({ id: 'auth0|someone', scope: 'audit:read' });
    });

    it.each(['at+jwt', 'JWT', 'jwt', undefined])('when its typ is %s', async (typ) => {
      expect((await me(app, first.token({}, { typ }))).status).toBe(200);
    });

    it('without a kid, when there is one key only', async () => {
      expect((await me(app, first.token({}, { kid: undefined }))).status).toBe(200);
    });

    it('with the default scopes of its issuer, when it has no scope claim', async () => {
      expect((await me(app, second.token({ scope: undefined }))).body.scope).toBe('applications:read');
    });

    it('without any scope, when neither says one', async () => {
      expect((await me(app, first.token({ scope: undefined }))).body.scope).toBe('');
      expect((await me(app, sharedToken())).body.scope).toBe('');
    });

    it('without the default scopes, when it says that it has none', async () => {
      expect((await me(app, second.token({ scope: '' }))).body.scope).toBe('');
    });
  });

  it('has the scopes of its roles, where the issuer says what they allow', async () => {
    const node = await TestApp.start({
      database: app.database,
      env: {
        JWT_ISSUERS: JSON.stringify([
          first.settings({
            scopeClaim: '/realm_access/roles',
            roles: { 'key-admin': ['apikeys:read', 'apikeys:write'] },
            requiredClaims: { tenant: ['acme'] },
            maxLifetimeSeconds: 300,
          }),
        ]),
      },
    });
    try {
      const roles = { tenant: 'acme', realm_access: { roles: ['key-admin', 'offline_access'] } };
      const answer = await me(node, first.token(roles));
      expect([answer.status, answer.body.scope]).toEqual([200, 'apikeys:read apikeys:write']);
      await expectRefused(node, first.token({ ...roles, tenant: 'other' }));
      await expectRefused(node, first.token({ ...roles, exp: now() + 302 }));
      await expectRefused(node, first.token({ ...roles, realm_access: { roles: { 'key-admin': true } } }));
    } finally {
      await node.stop();
    }
  });

  it('speaks for somebody else than the same sub of another issuer does', async () => {
    const create = (token: string): request.Test =>
      request(app.http).post('/applications').auth(token, { type: 'bearer' }).send({ name: 'mine' });
    const read = (id: string, token: string): request.Test =>
      request(app.http).get(`/applications/${id}`).auth(token, { type: 'bearer' });
    const { id } = (await create(first.token()).expect(201)).body as { id: string };
    expect((await read(id, first.token())).status).toBe(200);
    const { user } = await signIn(app);
    const ownId = (await create(forgeToken(app, { claims: { sub: user.id, scope: 'applications:write' } })))
      .body.id as string;
    for (const stranger of [second.token(), sharedToken({ scope: 'applications:read' })]) {
      expect((await read(id, stranger)).status).toBe(403);
    }
    expect((await read(ownId, first.token({ sub: user.id }))).status).toBe(403);
  });

  it('whose keys cannot be read is neither taken nor called bad', async () => {
    second.instead = (reply) => reply.destroy();
    second.rotate();
    const node = await TestApp.start({
      database: app.database,
      env: { JWT_ISSUERS: JSON.stringify([second.settings()]) },
    });
    try {
      const answer = await me(node, second.token());
      expect([answer.status, answer.body.code]).toEqual([503, 'service_unavailable']);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(
        (await me(node, forgeToken(node, { claims: { sub: (await signIn(node)).user.id } }))).status,
      ).toBe(200);
    } finally {
      second.instead = undefined;
      await node.stop();
    }
  });

  describe('is refused', () => {
    const bad: [string, () => string][] = [
      [
        'when it says that it is another issuer’s',
        () => first.token({ iss: second.issuer, aud: second.audience }),
      ],
      [
        'when it says that it is one of ours',
        () => first.token({ iss: app.env.JWT_ISSUER, aud: app.env.JWT_AUDIENCE }, { typ: 'at+jwt' }),
      ],
      [
        'when it says so with our kid',
        () =>
          first.token(
            { iss: app.env.JWT_ISSUER, aud: app.env.JWT_AUDIENCE },
            { typ: 'at+jwt', kid: kidOf(forgeToken(app)) },
          ),
      ],
      [
        'when it is one of ours that says it is theirs',
        () => forgeToken(app, { claims: { iss: first.issuer, aud: first.audience } }),
      ],
      ['when it is for the audience of another issuer', () => first.token({ aud: 'upblit' })],
      ['when its alg is another issuer’s', () => joinTokenOf(first, 'HS256', Buffer.from(SECRET))],
      [
        'when its alg is not among the issuer’s, though a key would fit',
        () => second.token({}, { alg: 'ES384' }),
      ],
      [
        'when it is signed by HS256 with the issuer’s public key',
        () =>
          joinTokenOf(
            first,
            'HS256',
            Buffer.from(
              generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
                type: 'spki',
                format: 'pem',
              }),
            ),
          ),
      ],
      [
        'when it is of the secret’s issuer, signed with our public key',
        () => sharedToken({}, publicPem(app).toString()),
      ],
      [
        'when it is of the secret’s issuer, signed with another secret',
        () => sharedToken({}, 'b'.repeat(40)),
      ],
      [
        'when it is of the secret’s issuer, unsigned',
        () => `${sharedToken({}, SECRET, 'none').split('.', 2).join('.')}.`,
      ],
      ['when it is of the secret’s issuer, by a wider hash', () => sharedToken({}, SECRET, 'HS512')],
      ['when its issuer differs by a slash', () => first.token({ iss: first.issuer.slice(0, -1) })],
      ['when its issuer is not configured', () => first.token({ iss: 'https://evil.example/' })],
      ['when its typ is a logout token’s', () => first.token({}, { typ: 'logout+jwt' })],
      ['when it is an ID token by its claims', () => first.token({ nonce: 'n', at_hash: 'h' })],
      ['when it is an ID token without a typ', () => first.token({ at_hash: 'h' }, { typ: undefined })],
      ['when it is of no client that is named', () => first.token({ azp: 'another' })],
      ['when it is of no client at all', () => first.token({ azp: undefined })],
      [
        'when only its type could tell what it is, and does not',
        () => sharedToken({}, SECRET, 'HS256', 'JWT'),
      ],
      ['when it may last for longer than a day', () => first.token({ exp: now() + 86_500 })],
      ['when it does not say when it was issued', () => sharedToken({ iat: undefined })],
      ['when it has expired', () => first.token({ exp: now() - 31 })],
      ['when it never expires', () => sharedToken({ exp: undefined })],
      ['when it is not valid yet', () => first.token({ nbf: now() + 31 })],
    ];
    it.each(bad)('%s', async (_, token) => {
      await expectRefused(app, token());
    });
  });
});

function kidOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid;
}

function joinTokenOf(issuer: ExternalIssuer, alg: string, secret: Buffer): string {
  const claims = { iss: issuer.issuer, aud: issuer.audience, sub: 'someone', exp: now() + 300 };
  return joinToken({ alg, kid: issuer.keys[0]!.kid }, claims, secret);
}
