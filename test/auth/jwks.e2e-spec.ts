import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import request from 'supertest';
import { signIn } from '../support/sign-in.js';
import { TestApp } from '../support/test-app.js';

const newKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
const publicPart = (pem: string): string =>
  createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();

const readKeys = (app: TestApp): request.Test => request(app.http).get('/.well-known/jwks.json');

describe('GET /.well-known/jwks.json', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it('answers the public key, named by its thumbprint, and nothing private', async () => {
    const answer = await readKeys(app);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=300');
    expect(answer.body).toEqual({
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          x: expect.any(String),
          y: expect.any(String),
          kid: await calculateJwkThumbprint(answer.body.keys[0]),
          alg: 'ES256',
          use: 'sig',
        },
      ],
    });
  });

  it('lets anybody verify an access token with a library of their own', async () => {
    const { accessToken, user } = await signIn(app);
    const keys = createLocalJWKSet((await readKeys(app)).body as JSONWebKeySet);
    const { payload } = await jwtVerify(accessToken, keys, {
      issuer: app.env.JWT_ISSUER,
      audience: 'upblit',
      typ: 'at+jwt',
      algorithms: ['ES256'],
    });
    expect(payload.sub).toBe(user.id);
  });

  it('goes on naming and taking an old key while a new one takes over', async () => {
    const [old, next] = [newKey(), newKey()];
    const before = await TestApp.start({ env: { JWT_SIGNING_KEY: old } });
    const after = await TestApp.start({
      database: before.database,
      env: { JWT_SIGNING_KEY: next, JWT_PREVIOUS_KEYS: publicPart(old) },
    });
    const done = await TestApp.start({ database: before.database, env: { JWT_SIGNING_KEY: next } });
    const statusOn = async (node: TestApp, token: string): Promise<number> =>
      (await request(node.http).get('/auth/me').auth(token, { type: 'bearer' })).status;
    try {
      const { accessToken: oldToken } = await signIn(before);
      const { accessToken: newToken } = await signIn(after);
      expect(await statusOn(after, oldToken)).toBe(200);
      expect(await statusOn(after, newToken)).toBe(200);
      expect(await statusOn(done, newToken)).toBe(200);
      expect(await statusOn(done, oldToken)).toBe(401);
      expect((await readKeys(after)).body.keys).toHaveLength(2);
      expect((await readKeys(done)).body.keys).toHaveLength(1);
    } finally {
      await done.stop();
      await after.stop();
      await before.stop();
    }
  });
});
