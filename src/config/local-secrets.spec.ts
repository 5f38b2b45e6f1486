import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvError, parseEnv, type Env } from './env.js';
import { withLocalSecrets } from './local-secrets.js';

describe('withLocalSecrets', () => {
  let directory: string;
  let env: Env;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'upblit-secrets-'));
    env = parseEnv({ DATA_DIR: join(directory, 'data') });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const fingerprint = ({ JWT_SIGNING_KEY, API_KEY_PEPPERS }: Env): unknown => [
    JWT_SIGNING_KEY?.export({ format: 'jwk' }),
    API_KEY_PEPPERS,
  ];

  it('makes up what is missing once, and reads it again at every later start', async () => {
    const first = await withLocalSecrets(env);
    expect(first.JWT_SIGNING_KEY?.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(first.API_KEY_PEPPERS).toEqual([{ version: 1, key: expect.any(Buffer) }]);
    expect(fingerprint(await withLocalSecrets(env))).toEqual(fingerprint(first));
  });

  it('keeps it where nobody else can read it, and nothing beside it', async () => {
    await withLocalSecrets(env);
    const secrets = join(env.DATA_DIR, 'secrets');
    expect((await stat(secrets)).mode & 0o777).toBe(0o700);
    expect((await readdir(secrets)).sort()).toEqual([
      'api-key-peppers',
      'audit-signing-key.pem',
      'jwt-signing-key.pem',
    ]);
    for (const name of await readdir(secrets)) {
      expect((await stat(join(secrets, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('names the variable when the directory cannot be used', async () => {
    await writeFile(env.DATA_DIR, '');
    const failure: unknown = await withLocalSecrets(env).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EnvError);
    expect((failure as EnvError).message).toContain(`DATA_DIR cannot be used: EEXIST at ${env.DATA_DIR}`);
  });

  it('agrees on one secret when several processes start at once', async () => {
    const starts = await Promise.all(Array.from({ length: 8 }, () => withLocalSecrets(env)));
    for (const start of starts) expect(fingerprint(start)).toEqual(fingerprint(starts[0]!));
    expect(await readdir(join(env.DATA_DIR, 'secrets'))).toHaveLength(3);
  });

  it('leaves alone what the environment gives', async () => {
    const peppers = `7=${Buffer.alloc(32, 7).toString('base64url')}`;
    const given = parseEnv({ DATA_DIR: env.DATA_DIR, API_KEY_PEPPERS: peppers });
    const complete = await withLocalSecrets(given);
    expect(complete.API_KEY_PEPPERS).toEqual(given.API_KEY_PEPPERS);
    expect((await readdir(join(env.DATA_DIR, 'secrets'))).sort()).toEqual([
      'audit-signing-key.pem',
      'jwt-signing-key.pem',
    ]);
  });

  it('makes up nothing in the place of a damaged file, and names it', async () => {
    await withLocalSecrets(env);
    const path = join(env.DATA_DIR, 'secrets', 'api-key-peppers');
    await writeFile(path, '1=short');
    await expect(withLocalSecrets(env)).rejects.toThrow(EnvError);
    await expect(withLocalSecrets(env)).rejects.toThrow(path);
  });
});

describe('The configuration', () => {
  const database = { DATABASE_URL: 'postgres://localhost/upblit' };

  it.each([
    ['with a database of its own', database],
    ['in production', { NODE_ENV: 'production', ...database }],
    ['in production with the embedded database', { NODE_ENV: 'production', EMBEDDED_POSTGRES: 'true' }],
  ])('makes up no secrets %s, and names those that are missing', (_, source) => {
    const complaint = expect.objectContaining({
      problems: [
        expect.stringMatching(/^JWT_SIGNING_KEY is required/),
        expect.stringMatching(/^API_KEY_PEPPERS is required/),
      ],
    });
    expect(() => parseEnv(source)).toThrow(EnvError);
    try {
      parseEnv(source);
    } catch (error) {
      expect(error).toEqual(complaint);
    }
  });

  it('names a bad variable and a missing one in one message, and repeats no value', () => {
    const source = { ...database, JWT_SIGNING_KEY: 'not a key', BCRYPT_COST: '3' };
    const attempt = (): Env => parseEnv(source);
    expect(attempt).toThrow(/JWT_SIGNING_KEY must be .*BCRYPT_COST must be .*API_KEY_PEPPERS is required/s);
    expect(attempt).not.toThrow('not a key');
  });

  it.each([
    [
      'another issuer by the name of this service',
      { JWT_ISSUERS: issuers('http://localhost:3000') },
      'JWT_ISSUERS must not name JWT_ISSUER',
    ],
    [
      'cheap password hashes in production',
      { NODE_ENV: 'production', BCRYPT_COST: '9' },
      'BCRYPT_COST must be at least 10',
    ],
    [
      'keys over plain http in production',
      { NODE_ENV: 'production', JWT_ISSUERS: issuers('https://a.example/', 'http://a.example/') },
      'JWT_ISSUERS must have https',
    ],
  ])('refuses %s', (_, source, complaint) => {
    expect(() => parseEnv(source)).toThrow(complaint);
  });

  it('takes keys over plain http from this machine, and in development from any', () => {
    const local = {
      NODE_ENV: 'production',
      JWT_ISSUERS: issuers('https://a.example/', 'http://127.0.0.1:8080/'),
    };
    expect(() => parseEnv(local)).not.toThrow('must have https');
    expect(() =>
      parseEnv({ JWT_ISSUERS: issuers('https://a.example/', 'http://keycloak:8080/') }),
    ).not.toThrow();
  });
});

function issuers(issuer: string, jwksUrl = 'https://a.example/jwks.json'): string {
  return JSON.stringify([{ issuer, audience: 'upblit', jwksUrl }]);
}
