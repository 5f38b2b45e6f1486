import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import {
  removeEmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/infrastructure/embedded-postgres/index.js';
import { MailServer } from '../support/mail-server.js';
import { OpenIdServer } from '../support/openid-provider.js';
import { ServiceProcess } from '../support/service-process.js';
import { goWell, goWrong } from './life.js';
import { Recorder } from './recorder.js';
import { SecretScanner } from './secret-scanner.js';

/** PostgreSQL tells its log every statement, with the values that were handed to it. */
const TALKATIVE = {
  fsync: 'off',
  log_statement: 'all',
  log_error_verbosity: 'verbose',
  log_min_error_statement: 'error',
  log_parameter_max_length: '-1',
  log_parameter_max_length_on_error: '-1',
};

describe('keys, passwords and tokens', () => {
  let scratch: string;
  let postgres: EmbeddedPostgres;
  let service: ServiceProcess;
  let life: Recorder;
  let mailServer: MailServer;
  let provider: OpenIdServer;
  let scanner: SecretScanner;
  /** PostgreSQL's data directory, with its write-ahead log. */
  let dataDirectory: string;
  let postgresLog: string;
  let tables: string;

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'upblit-leaks-'));
    await chmod(scratch, 0o711);
    postgres = await startEmbeddedPostgres({ dataDir: scratch, log: () => undefined, settings: TALKATIVE });
    const pepper = randomBytes(32).toString('base64url');
    const signingKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'der' })
      .toString('base64');
    mailServer = await MailServer.start();
    provider = await OpenIdServer.start();
    service = await ServiceProcess.start(
      {
        LOG_LEVEL: 'trace',
        DATABASE_URL: postgres.url,
        MIGRATE_ON_START: 'true',
        ...provider.env,
        SMTP_URL: mailServer.url,
        MAIL_FROM: 'keys@example.com',
        API_KEY_PEPPERS: `1=${pepper}`,
        JWT_SIGNING_KEY: `-----BEGIN PRIVATE KEY-----\\n${signingKey}\\n-----END PRIVATE KEY-----`,
      },
      scratch,
    );
    life = new Recorder(service.url);
    await goWell(life, mailServer, provider);
    await goWrong(life, 'first');
    tables = await dump(postgres.url);
    dataDirectory = await valueOf(postgres.url, 'SHOW data_directory');

    // The same mistakes once more without a database: the errors are others, and say more.
    await postgres.stop();
    await goWrong(life, 'without a database');
    await service.stop();
    postgresLog = await readFile(join(dataDirectory, '../log'), 'utf8');
    const { password: databasePassword } = new URL(postgres.url);
    scanner = new SecretScanner({ ...life.secrets, pepper, signingKey, databasePassword });
  }, 120_000);

  afterAll(async () => {
    await mailServer.stop();
    await provider.stop();
    await removeEmbeddedPostgres(scratch);
    await rm(scratch, { recursive: true, force: true });
  });

  it('were on their way through every operation there is', async () => {
    const { paths } = JSON.parse(await readFile('openapi.json', 'utf8')) as { paths: Record<string, object> };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const calls = [...life.calls];
    const wasCalled = (operation: string): boolean => {
      const pattern = new RegExp(`^${operation.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
      return calls.some((call) => pattern.test(call));
    };
    expect(operations.filter((operation) => !wasCalled(operation))).toEqual([]);
  });

  it('are in no table', () => {
    expect(tables).toContain('Someone');
    expect(scanner.scan(Buffer.from(tables))).toEqual([]);
  });

  it("are in no file of PostgreSQL's, its write-ahead log included", async () => {
    expect(await scanner.scanFiles(dataDirectory)).toEqual([]);
  });

  it('are never handed to PostgreSQL, not even to compare them', () => {
    expect(postgresLog).toContain('Someone');
    expect(scanner.scan(Buffer.from(postgresLog))).toEqual([]);
  });

  it('are not in the log, however much of it is asked for', () => {
    expect(service.output).toContain('/applications');
    expect(scanner.scan(Buffer.from(service.output))).toEqual([]);
  });

  it('are in no answer but the one that hands them out', () => {
    expect(life.answers).toContain('"valid":true');
    expect(life.answers).toContain('"status":503');
    expect(scanner.scan(Buffer.from(life.answers))).toEqual([]);
  });

  it('would be found, had they been kept', async () => {
    const names = ['key', 'password', 'refresh token of refresh'];
    postgres = await startEmbeddedPostgres({ dataDir: scratch, log: () => undefined });
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    await client.query('CREATE TABLE planted (secret bytea)');
    for (const name of names) {
      await client.query('INSERT INTO planted VALUES ($1)', [Buffer.from(life.secrets[name] ?? '')]);
    }
    await client.query('DELETE FROM planted WHERE secret = $1', [Buffer.from(life.secrets.key ?? '')]);
    await client.end();
    expect(scanner.scan(Buffer.from(await dump(postgres.url))).sort()).toEqual(names.slice(1));
    await postgres.stop();

    const found = await scanner.scanFiles(dataDirectory);
    for (const name of names) {
      // A deleted row, too, is still in its table's file.
      expect(found).toContainEqual(expect.stringMatching(`/base/\\d+/\\d+: ${name}$`));
      expect(found).toContainEqual(expect.stringMatching(`/pg_wal/[0-9A-F]{24}: ${name}$`));
    }
  });
});

/** Every row of every table, as text; bytes are in hex. */
async function dump(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: names } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    let text = '';
    for (const { name } of names) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      text += [name, ...rows.map(({ row }) => row), ''].join('\n');
    }
    return text;
  } finally {
    await client.end();
  }
}

async function valueOf(url: string, sql: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, string>>(sql);
    return Object.values(rows[0] ?? {})[0] ?? '';
  } finally {
    await client.end();
  }
}
