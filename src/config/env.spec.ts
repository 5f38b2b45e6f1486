import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { envExample } from './env-example.js';
import { directUrlOf, EnvError, localAccountsOf, parseEnv } from './env.js';
import { variables } from './variables.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://db.example/upblit',
  API_KEY_PEPPERS: `1=${Buffer.alloc(32, 7).toString('base64url')}`,
  JWT_SIGNING_KEY: generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
};

function problemsOf(source: Record<string, string>): string {
  try {
    parseEnv(source);
  } catch (error) {
    if (error instanceof EnvError) return error.message;
    throw error;
  }
  return '';
}

describe('the configuration', () => {
  it('needs nothing to be set', () => {
    expect(parseEnv({})).toMatchObject({ NODE_ENV: 'development', PORT: 3000, HOST: '127.0.0.1' });
  });

  it('takes an empty value for none', () => {
    expect(parseEnv({ PORT: '', DATABASE_URL: ' ' })).toMatchObject({ PORT: 3000 });
  });

  it('names every bad variable in one message', () => {
    const message = problemsOf({
      PORT: '65536',
      LOG_LEVEL: 'loud',
      MIGRATE_ON_START: 'yes',
      TRUST_PROXY: '1',
      CORS_ORIGINS: 'example.com',
      DATABASE_POOL_SIZE: '0x10',
    });
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'MIGRATE_ON_START',
      'TRUST_PROXY',
      'CORS_ORIGINS',
      'DATABASE_POOL_SIZE',
    ]) {
      expect(message).toContain(`- ${name} must be`);
    }
  });

  it('takes a direct way to the database beside the one of the requests, and not alone', () => {
    const direct = 'postgres://direct.example/upblit';
    expect(directUrlOf(parseEnv({ ...PRODUCTION, DATABASE_DIRECT_URL: direct }))).toBe(direct);
    expect(directUrlOf(parseEnv(PRODUCTION))).toBe(PRODUCTION.DATABASE_URL);
    expect(problemsOf({ DATABASE_DIRECT_URL: direct })).toContain('DATABASE_DIRECT_URL needs DATABASE_URL');
  });

  it('never repeats a value: it may be a secret', () => {
    const message = problemsOf(Object.fromEntries(Object.keys(variables).map((name) => [name, 'hunter2 '])));
    expect(message.length).toBeGreaterThan(500);
    expect(message).not.toContain('hunter2');
  });

  it.each([
    ['127.0.0.1', ['127.0.0.1']],
    ['10.0.0.0/8, ::1, fd00::/8 ,loopback', ['10.0.0.0/8', '::1', 'fd00::/8', 'loopback']],
  ])('takes %s for TRUST_PROXY', (value, proxies) => {
    expect(parseEnv({ TRUST_PROXY: value }).TRUST_PROXY).toEqual(proxies);
  });

  it.each(['true', '1', '*', '10.0.0.0/33', '10.0.0', 'fd00::/129', '10.0.0.0/8/8', 'proxy.example'])(
    'refuses %s for TRUST_PROXY',
    (value) => {
      expect(problemsOf({ TRUST_PROXY: value })).toContain('TRUST_PROXY');
    },
  );

  it.each(['*', 'null', 'example.com', 'https://example.com/', 'https://example.com/path'])(
    'refuses %s for CORS_ORIGINS',
    (value) => {
      expect(problemsOf({ CORS_ORIGINS: value })).toContain('CORS_ORIGINS');
    },
  );
});

describe('LOCAL_ACCOUNTS', () => {
  it('is open, and in production on invitation, unless it is set', () => {
    expect(localAccountsOf(parseEnv({}))).toBe('open');
    expect(localAccountsOf(parseEnv({ NODE_ENV: 'test' }))).toBe('open');
    expect(localAccountsOf(parseEnv(PRODUCTION))).toBe('invite');
    for (const LOCAL_ACCOUNTS of ['open', 'invite', 'off']) {
      expect(localAccountsOf(parseEnv({ LOCAL_ACCOUNTS }))).toBe(LOCAL_ACCOUNTS);
      expect(localAccountsOf(parseEnv({ ...PRODUCTION, LOCAL_ACCOUNTS }))).toBe(LOCAL_ACCOUNTS);
    }
    expect(problemsOf({ LOCAL_ACCOUNTS: 'closed' })).toContain('LOCAL_ACCOUNTS must be one of');
  });
});

describe('DASHBOARD_OIDC_ISSUER', () => {
  const issuer = 'https://login.example.com/';
  const JWT_ISSUERS = JSON.stringify([{ issuer, audience: 'upblit', jwksUrl: `${issuer}jwks` }]);
  const GOOD = { JWT_ISSUERS, DASHBOARD_OIDC_ISSUER: issuer, DASHBOARD_OIDC_CLIENT_ID: 'dashboard' };

  it('needs a client, and is an issuer whose access tokens are taken', () => {
    const env = parseEnv({ ...GOOD, DASHBOARD_OIDC_PARAMETERS: 'audience=upblit&prompt=consent' });
    expect(env.DASHBOARD_OIDC_PARAMETERS).toEqual({ audience: 'upblit', prompt: 'consent' });
    expect(problemsOf({ ...GOOD, DASHBOARD_OIDC_CLIENT_ID: '' })).toContain(
      'DASHBOARD_OIDC_CLIENT_ID is required',
    );
    expect(problemsOf({ ...GOOD, DASHBOARD_OIDC_ISSUER: 'https://login.example.com' })).toContain(
      'DASHBOARD_OIDC_ISSUER must be an issuer of JWT_ISSUERS',
    );
    expect(problemsOf({ ...GOOD, DASHBOARD_OIDC_ISSUER: '' })).toContain('needs DASHBOARD_OIDC_ISSUER');
    expect(problemsOf({ ...GOOD, DASHBOARD_OIDC_SCOPES: 'profile email' })).toContain('must have openid');
  });

  it.each(['state=x', 'redirect_uri=https://evil.example', 'scope=all', 'a=1&a=2', 'a', '=b'])(
    'leaves what makes a sign-in safe to the service: %s',
    (DASHBOARD_OIDC_PARAMETERS) => {
      expect(problemsOf({ ...GOOD, DASHBOARD_OIDC_PARAMETERS })).toContain('DASHBOARD_OIDC_PARAMETERS');
    },
  );

  it('is asked over HTTPS in production', () => {
    const local = issuer.replace('https', 'http');
    const settings = { ...GOOD, JWT_ISSUERS: JWT_ISSUERS.replaceAll('https', 'http') };
    expect(problemsOf({ ...PRODUCTION, ...settings, DASHBOARD_OIDC_ISSUER: local })).toContain(
      'DASHBOARD_OIDC_ISSUER must have https in production',
    );
  });
});

describe('SMTP_URL', () => {
  const SMTP_URL = 'smtps://user:secret@mail.example.com';

  it('needs somebody whom mails come from', () => {
    expect(problemsOf({ SMTP_URL })).toContain('MAIL_FROM is required with SMTP_URL');
    for (const MAIL_FROM of ['keys@example.com', 'Upblit <keys@example.com>', '<keys@example.com>']) {
      expect(problemsOf({ SMTP_URL, MAIL_FROM })).toBe('');
    }
  });

  it.each([
    'keys',
    'a@b, c@d',
    'Upblit keys@example.com',
    'Upblit <keys@example.com',
    'keys@example.com>',
    'a\n <a@b>',
  ])('takes nobody like %j', (MAIL_FROM) => {
    expect(problemsOf({ SMTP_URL, MAIL_FROM })).toContain('MAIL_FROM must be');
  });

  it.each(['mail.example.com', 'https://mail.example.com'])('is not %s', (url) => {
    expect(problemsOf({ SMTP_URL: url, MAIL_FROM: 'a@b.example' })).toContain('SMTP_URL must be');
  });
});

describe('traces', () => {
  it('have headers, percent-encoded, and a ratio', () => {
    const env = parseEnv({
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20YTpi, x-tenant = one%2Ctwo',
      OTEL_TRACES_SAMPLER_ARG: '.25',
    });
    expect(env.OTEL_EXPORTER_OTLP_HEADERS).toEqual({ authorization: 'Basic YTpi', 'x-tenant': 'one,two' });
    expect(env.OTEL_TRACES_SAMPLER_ARG).toBe(0.25);
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_HEADERS', 'Bearer token'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=line%0Abreak'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
    ['OTEL_TRACES_SAMPLER_ARG', '-1'],
    ['OTEL_TRACES_SAMPLER_ARG', '.'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318'],
  ])('are refused with %s=%s', (name, value) => {
    expect(() => parseEnv({ [name]: value })).toThrow(name);
  });
});

describe('API_KEY_PEPPER_VERSION', () => {
  const one = PRODUCTION.API_KEY_PEPPERS;
  const two = `${one},2=${Buffer.alloc(32, 8).toString('base64url')}`;

  it('may be left out only when there is one pepper', () => {
    expect(problemsOf({ API_KEY_PEPPERS: one })).toBe('');
    expect(problemsOf({ API_KEY_PEPPERS: two })).toContain('API_KEY_PEPPER_VERSION is required');
  });

  it('names one of the peppers, the newest or not', () => {
    for (const version of ['1', '2']) {
      expect(problemsOf({ API_KEY_PEPPERS: two, API_KEY_PEPPER_VERSION: version })).toBe('');
    }
    for (const [peppers, version] of [
      [one, '2'],
      [two, '3'],
      [two, '0'],
      [two, 'x'],
    ] as const) {
      const message = problemsOf({ API_KEY_PEPPERS: peppers, API_KEY_PEPPER_VERSION: version });
      expect(message).toContain('API_KEY_PEPPER_VERSION must be');
    }
  });
});

describe('in production', () => {
  it('what is given is enough', () => {
    expect(problemsOf(PRODUCTION)).toBe('');
  });

  it('nothing is made up: neither a database nor secrets', () => {
    const message = problemsOf({ NODE_ENV: 'production' });
    for (const name of ['DATABASE_URL', 'API_KEY_PEPPERS', 'JWT_SIGNING_KEY'])
      expect(message).toContain(name);
  });

  it.each(['API_KEY_PEPPERS', 'JWT_SIGNING_KEY'] as const)(
    '%s must be given, with the embedded database too',
    (name) => {
      const { DATABASE_URL: _, [name]: __, ...rest } = PRODUCTION;
      expect(problemsOf({ ...rest, EMBEDDED_POSTGRES: 'true' })).toContain(name);
    },
  );
});

describe('.env.example', () => {
  it('in the repository is what the table of variables makes: run "npm run env:example"', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(envExample());
  });

  it('lists every variable once, with its default, and configures nothing by itself', () => {
    const lines = envExample().split('\n');
    for (const [name, variable] of Object.entries(variables)) {
      expect(lines.filter((line) => line === `# ${name}=${variable.default ?? ''}`)).toHaveLength(1);
    }
    expect(lines.every((line) => line === '' || line.startsWith('#'))).toBe(true);
  });
});
