import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { forgeToken, joinToken, publicPem } from '../support/access-token.js';
import { rawGet } from '../support/raw-request.js';
import { signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const PATH = '/applications';
const now = (): number => Math.floor(Date.now() / 1000);

describe('An access token', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  const use = (token: string): request.Test =>
    request(app.http).get(PATH).set('Authorization', `Bearer ${token}`);

  async function expectRefused(token: string): Promise<void> {
    const answer = await use(token);
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(answer.text).not.toContain(token);
  }

  describe('is taken', () => {
    const good: [string, () => string][] = [
      ['as the service issues it', () => forgeToken(app)],
      [
        'when it names other audiences beside ours',
        () => forgeToken(app, { claims: { aud: ['else', 'upblit'] } }),
      ],
      [
        'when its typ is written as a whole media type',
        () => forgeToken(app, { header: { typ: 'Application/AT+JWT' } }),
      ],
      ['when it ended within the tolerance', () => forgeToken(app, { claims: { exp: now() - 5 } })],
      ['when it begins within the tolerance', () => forgeToken(app, { claims: { nbf: now() + 5 } })],
    ];
    it.each(good)('%s', async (_, token) => {
      expect((await use(token())).status).toBe(200);
    });

    it('whatever the case of the scheme', async () => {
      const answer = await request(app.http)
        .get(PATH)
        .set('Authorization', `bEARER ${forgeToken(app)}`);
      expect(answer.status).toBe(200);
    });
  });

  describe('is refused', () => {
    const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const claims = (changes: Record<string, unknown>) => () => forgeToken(app, { claims: changes });
    const header = (changes: Record<string, unknown>) => () => forgeToken(app, { header: changes });
    const part = (index: number, change: (text: string) => string) => () => {
      const parts = forgeToken(app).split('.');
      parts[index] = change(parts[index]!);
      return parts.join('.');
    };

    const bad: [string, () => string][] = [
      ['when it is no JWT', () => 'abc'],
      ['when it has two parts', () => 'YQ.YQ'],
      ['when its parts are not JSON', () => 'YQ.YQ.YQ'],
      ['when its payload is not an object', part(1, () => Buffer.from('[]').toString('base64url'))],
      ['when its payload is null', part(1, () => Buffer.from('null').toString('base64url'))],
      ['when a part is padded', part(0, (text) => `${text}=`)],
      ['when a part is in plain base64', part(2, (text) => `${text.slice(0, -1)}+`)],
      ['when something follows it', () => `${forgeToken(app)} x`],
      ['when it is encrypted, in five parts', () => `${forgeToken(app)}.YQ.YQ`],
      ['when it is longer than any we take', claims({ padding: 'x'.repeat(7000) })],

      ['when its signature is missing', part(2, () => '')],
      [
        'when its signature was changed',
        part(2, (text) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)),
      ],
      ['when its claims were changed', part(1, () => forgeToken(app).split('.')[1]!)],
      ['when somebody else signed it', () => forgeToken(app, { key: otherKey.privateKey })],

      ['when it has expired', claims({ exp: now() - 31 })],
      ['when it never expires', claims({ exp: undefined })],
      ['when its exp is a string', claims({ exp: String(now() + 900) })],
      ['when its exp is null', claims({ exp: null })],
      ['when it is not valid yet', claims({ nbf: now() + 31 })],
      ['when its nbf is a string', claims({ nbf: '0' })],
      ['when its iat is a string', claims({ iat: 'now' })],

      ['when its issuer is another', claims({ iss: 'https://issuer.example/' })],
      ['when its issuer is the name that local people are kept under', claims({ iss: 'local' })],
      ['when it has no issuer', claims({ iss: undefined })],
      ['when it has two issuers', () => forgeToken(app, { claims: { iss: [app.env.JWT_ISSUER] } })],
      ['when it is for another audience', claims({ aud: 'else' })],
      ['when it is for no audience', claims({ aud: undefined })],
      ['when one of its audiences is not a name', claims({ aud: ['upblit', 1] })],
      ['when its audience only begins like ours', claims({ aud: 'upblit2' })],
      ['when it has no subject', claims({ sub: undefined })],
      ['when its subject is empty', claims({ sub: '' })],
      ['when its subject is a number', claims({ sub: 1 })],
      ['when its subject holds a control character', claims({ sub: 'a\u0000b' })],
      ['when its subject is too long to store', claims({ sub: 'x'.repeat(256) })],
      ['when its scope is a list', claims({ scope: ['applications:read'] })],

      ['when its typ is that of an ID token', header({ typ: 'JWT' })],
      ['when its typ is that of a proof', header({ typ: 'dpop+jwt' })],
      ['when it has no typ', header({ typ: undefined })],
      ['when its kid is unknown', header({ kid: 'unknown' })],
      ['when its kid is a path', header({ kid: '../../../../dev/null' })],
      ['when its kid is a statement', header({ kid: "' OR 1=1 --" })],
      ['when its kid is a member of every object', header({ kid: '__proto__' })],
      ['when its kid is a number', header({ kid: 1 })],
      ['when its kid is 5 kB long', header({ kid: 'k'.repeat(5000) })],
      ['when it has no kid', header({ kid: undefined })],
      ['when its header has crit', header({ crit: ['exp'] })],
      ['when its header has b64', header({ b64: true })],
      ['when its header has x5c', header({ x5c: ['MII'] })],
      [
        'when it brings its own key',
        () =>
          forgeToken(app, {
            header: { jwk: otherKey.publicKey.export({ format: 'jwk' }), kid: undefined },
            key: otherKey.privateKey,
          }),
      ],
      [
        'when it brings our own key',
        () => forgeToken(app, { header: { jwk: createPublicKey(publicPem(app)).export({ format: 'jwk' }) } }),
      ],

      ...['none', 'None', 'NONE', 'nOnE'].flatMap((alg): [string, () => string][] => [
        [
          `when its alg is ${alg}, unsigned`,
          () => `${forgeToken(app, { header: { alg } }).split('.', 2).join('.')}.`,
        ],
        [`when its alg is ${alg}, signed`, header({ alg })],
      ]),
      ['when it has no alg', header({ alg: undefined })],
      ['when its alg is a list', header({ alg: ['ES256'] })],
      ['when its alg is one the key is not for', header({ alg: 'ES384' })],
      [
        'when it is signed by HS256 with the public key',
        () => forgeToken(app, { header: { alg: 'HS256' }, key: publicPem(app) }),
      ],
      [
        'when it is signed by HS256 with the public key and leaves the kid out',
        () => forgeToken(app, { header: { alg: 'HS256', kid: undefined }, key: publicPem(app) }),
      ],
      [
        'when it is signed by HS256 with nothing',
        () => forgeToken(app, { header: { alg: 'HS256' }, key: Buffer.alloc(0) }),
      ],

      ['when it is an API key', () => `upblit_live_${'0'.repeat(36)}`],
      ['when it is a refresh token by its looks', () => `upblit_rt_${randomBytes(32).toString('base64url')}`],
    ];
    it.each(bad)('%s', async (_, token) => {
      await expectRefused(token());
    });

    it('when it is a real refresh token', async () => {
      await expectRefused((await signIn(app)).refreshToken);
    });

    it('when a letter of its signature stands for the same bits', async () => {
      // 64 bytes are 86 letters, the last of which has four bits to spare: decoders ignore them.
      const token = forgeToken(app);
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const last = alphabet.indexOf(token.at(-1)!);
      const twin = token.slice(0, -1) + alphabet[last ^ 1]!;
      expect(Buffer.from(twin.split('.')[2]!, 'base64url')).toEqual(
        Buffer.from(token.split('.')[2]!, 'base64url'),
      );
      await expectRefused(twin);
    });
  });

  it('has no network request made by its header', async () => {
    let requests = 0;
    const server = createServer((_, reply) => {
      requests += 1;
      reply.end('{"keys":[]}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      for (const header of [{ jku: url }, { x5u: url }, { kid: url }]) {
        await expectRefused(forgeToken(app, { header }));
      }
      await expectRefused(forgeToken(app, { claims: { iss: url } }));
      expect(requests).toBe(0);
    } finally {
      server.close();
    }
  });

  it('is refused with one detail for every forgery, so that it tells nothing about how far it got', async () => {
    const forgeries = [
      forgeToken(app, { header: { kid: 'unknown' } }),
      forgeToken(app, { claims: { aud: 'else' } }),
      joinToken({ alg: 'none' }, { iss: app.env.JWT_ISSUER }, Buffer.alloc(0)),
    ];
    const details = new Set<string>();
    for (const token of forgeries) details.add((await use(token)).body.detail as string);
    expect(details.size).toBe(1);
  });

  it('that has expired is told apart, so that the client gets a new one', async () => {
    const answer = await use(forgeToken(app, { claims: { exp: now() - 60 } }));
    expect(answer.body.detail).toContain('expired');
  });

  describe('that is not there', () => {
    const absent: [string, string[]][] = [
      ['without any header', []],
      ['with another scheme', ['Authorization', 'Basic YW5uOnNlY3JldA==']],
      ['with a scheme that only begins like ours', ['Authorization', 'Bearers abc']],
      ['with an API key in x-api-key', ['x-api-key', `upblit_live_${'0'.repeat(36)}`]],
    ];
    it.each(absent)('is asked for by a bare challenge, %s', async (_, headers) => {
      const answer = await rawGet(app, PATH, headers);
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    });

    it.each(['Bearer', 'Bearer '])('is a bad one when only the scheme is: %j', async (value) => {
      const answer = await rawGet(app, PATH, ['Authorization', value]);
      expect([answer.status, answer.body.code]).toEqual([401, 'invalid_token']);
    });
  });

  describe('that is not the only credential', () => {
    it.each<[string, (token: string) => string[]]>([
      [
        'two Authorization headers',
        (token) => ['Authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`],
      ],
      [
        'a second one of another scheme',
        (token) => ['Authorization', `Bearer ${token}`, 'authorization', 'Basic YTpi'],
      ],
      ['an empty second one', (token) => ['Authorization', `Bearer ${token}`, 'Authorization', '']],
      ['two in one header', (token) => ['Authorization', `Bearer ${token}, Bearer ${token}`]],
      ['an API key beside it', (token) => ['Authorization', `Bearer ${token}`, 'X-Api-Key', 'upblit_live_x']],
    ])('is refused as ambiguous: %s', async (_, headers) => {
      const answer = await rawGet(app, PATH, headers(forgeToken(app)));
      expect([answer.status, answer.body.code]).toEqual([400, 'multiple_credentials']);
    });
  });

  it('is not taken from the query', async () => {
    const { accessToken } = await signIn(app);
    const answer = await request(app.http).get(`${PATH}?access_token=${accessToken}`);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    const both = await request(app.http)
      .get(`${PATH}?access_token=${accessToken}`)
      .auth(accessToken, { type: 'bearer' });
    expect(both.status).toBe(400);
  });

  it('with a kid of 1 MB never reaches the service', async () => {
    const answer = await rawGet(app, PATH, [
      'Authorization',
      `Bearer ${forgeToken(app, { header: { kid: 'k'.repeat(1e6) } })}`,
    ]);
    expect(answer.status).toBe(431);
  });
});
