import { randomBytes, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { isEmail } from 'class-validator';
import { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { loadEnv, localAccountsOf, migrationUrlsOf, type Env } from '../config/env.js';
import { withLocalSecrets } from '../config/local-secrets.js';
import { ApiKeyService, ServiceKeyService } from '../modules/api-keys/index.js';
import { ApplicationService, type Application } from '../modules/applications/index.js';
import { AccountAdministration, AuthService } from '../modules/auth/index.js';
import { personActor, systemActor, type Actor } from '../shared/actor.js';
import { DomainError } from '../shared/domain-error.js';
import { LOCAL_ISSUER } from '../shared/subject.js';
import { trafficOf, type HourlyCount } from './seed/traffic.js';
import { APPLICATION, KEYS, REFUSALS, SERVICE_KEYS, type SeededKey } from './seed/weather.js';
import { explainFailure } from './start-failure.js';
import { withService } from './with-service.js';

const USAGE = 'Usage: npm run seed [-- --email EMAIL]';

const DAYS = 90;
/** Rows of usage in one statement. */
const BATCH = 10_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The machine of whoever runs it. */
const HERE = { address: '127.0.0.1', requestId: 'seed', userAgent: 'npm run seed' };

/** What was asked for makes no sense, or is refused. */
class UsageError extends Error {}

interface SeedingKey extends SeededKey {
  readonly id: string;
}

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

// A believable application for a development database, to look at the dashboard and to work on it. People, applications
// and keys are made by the services that the routes call; what time alone can make, such as usage, is written for them.
try {
  const email = read(process.argv.slice(2));
  const env = await withLocalSecrets(loadEnv(say));
  refuseIfReal(env);
  const url = migrationUrlsOf(env)?.url;
  await withService(url === undefined ? env : { ...env, DATABASE_URL: url }, say, (app) =>
    seed(app, env, email),
  );
} catch (error) {
  if (error instanceof UsageError) say(error.message);
  else say(error instanceof DomainError ? error.detail : explainFailure(error));
  process.exitCode = 1;
}

function read(args: string[]): string {
  const { email } = parse(args);
  // As registering takes them: what is printed has no control characters in it.
  if (!isEmail(email) || !/^[\x21-\x7e]{1,254}$/.test(email)) {
    throw new UsageError(`--email takes the email of the account that is made.\n\n${USAGE}`);
  }
  return email;
}

function parse(args: string[]): { email: string } {
  try {
    return parseArgs({ args, options: { email: { type: 'string', default: 'demo@example.com' } } }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`, { cause: error });
  }
}

function refuseIfReal(env: Env): void {
  if (env.NODE_ENV === 'production') {
    throw new UsageError('Made-up data has no place in production: NODE_ENV says that this is.');
  }
  if (localAccountsOf(env) === 'off') {
    throw new UsageError('There are no accounts here to sign in with: LOCAL_ACCOUNTS is off.');
  }
}

async function seed(app: INestApplicationContext, env: Env, email: string): Promise<void> {
  const startedAt = performance.now();
  const password = randomBytes(12).toString('base64url');
  const owner = await register(app, env, email, password);
  const application = await app.get(ApplicationService, { strict: false }).create(owner, {
    ...APPLICATION,
    scopes: [...APPLICATION.scopes],
  });
  say(`${APPLICATION.name} belongs to ${email}`);
  for (const { name, scopes } of SERVICE_KEYS) {
    const keys = app.get(ServiceKeyService, { strict: false });
    await keys.issue(owner, application.id, { name, scopes: [...scopes] });
  }
  say(`${SERVICE_KEYS.length} service keys`);
  const keys = await issue(app, owner, application);
  const now = new Date();
  await backdate(app, keys, now);
  await writeUsage(app, application, keys, now);
  await writeRefusals(app, application, keys, now);
  await changeSome(app, owner, application, keys);
  say(`Done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
  const port = env.PORT === 0 ? 3000 : env.PORT;
  print(
    `\nSign in at http://localhost:${port}/dashboard (after npm start):\n\n  Email     ${email}\n  Password  ${password}\n`,
  );
}

/** The password is random, and printed once: a database for development may be reached by others, too. */
async function register(
  app: INestApplicationContext,
  env: Env,
  email: string,
  password: string,
): Promise<Actor> {
  const administration = app.get(AccountAdministration, { strict: false });
  const isOpen = localAccountsOf(env) === 'open';
  const invitation = isOpen ? undefined : await administration.invite(systemActor('operator'), email);
  try {
    const { user } = await app.get(AuthService, { strict: false }).register(
      {
        email,
        password,
        name: 'Ada Harbour',
        ...(invitation !== undefined && { invitation: invitation.reveal() }),
      },
      HERE,
    );
    return personActor({ issuer: LOCAL_ISSUER, subject: user.id }, HERE);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'email_taken') throw error;
    throw new UsageError(
      `There is an account ${email} already, and nothing was changed. Choose another one: npm run seed -- --email you@example.com`,
      { cause: error },
    );
  }
}

/** The oldest first: lists are in the order in which keys were issued. */
async function issue(
  app: INestApplicationContext,
  owner: Actor,
  application: Application,
): Promise<SeedingKey[]> {
  const service = app.get(ApiKeyService, { strict: false });
  const keys: SeedingKey[] = [];
  for (const key of [...KEYS].sort((a, b) => b.createdDaysAgo - a.createdDaysAgo)) {
    const { name, environment, scopes, tags, externalId, perMinute, credits, addresses, expiresInDays } = key;
    const { id } = await service.issue(owner, application, {
      name,
      environment,
      scopes: [...scopes],
      tags: [...tags],
      ...(externalId !== undefined && { externalId }),
      ...(addresses !== undefined && { ipAllowlist: [...addresses] }),
      ...(perMinute !== undefined && {
        rateLimits: [{ name: 'burst', limit: perMinute, windowSeconds: 60, cost: 1 }],
      }),
      ...(credits !== undefined && {
        credits: { remaining: credits, refill: { amount: credits, interval: 'monthly' as const, day: 1 } },
      }),
      ...((expiresInDays ?? 0) > 0 && { expiresAt: new Date(Date.now() + (expiresInDays ?? 0) * DAY_MS) }),
    });
    keys.push({ ...key, id });
    if (keys.length % 10 === 0) say(`${keys.length} of ${KEYS.length} keys`);
  }
  return keys;
}

/** No service lets anybody say when something was done: a key is as old here as its usage. */
async function backdate(app: INestApplicationContext, keys: readonly SeedingKey[], now: Date): Promise<void> {
  const ago = (days: number): string => new Date(now.getTime() - days * DAY_MS).toISOString();
  const values = [
    keys.map(({ id }) => id),
    keys.map(({ createdDaysAgo }) => ago(createdDaysAgo)),
    keys.map(({ expiresInDays = 1 }) => (expiresInDays < 0 ? ago(-expiresInDays) : null)),
  ];
  const source = app.get(DataSource);
  await source.query(
    `WITH given AS (SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) AS n (id, created, expired)),
     secrets AS (UPDATE api_key_secrets s SET created_at = n.created FROM given n WHERE s.api_key_id = n.id)
     UPDATE api_keys k SET created_at = n.created, expires_at = coalesce(n.expired, k.expires_at)
       FROM given n WHERE k.id = n.id`,
    values,
  );
  await source.query(
    `UPDATE applications SET created_at = $2
      WHERE id = (SELECT application_id FROM api_keys WHERE id = $1)`,
    [keys[0]?.id, ago((keys[0]?.createdDaysAgo ?? 0) + 1)],
  );
}

interface UsageRow extends HourlyCount {
  readonly keyId: string;
}

async function writeUsage(
  app: INestApplicationContext,
  application: Application,
  keys: readonly SeedingKey[],
  now: Date,
): Promise<void> {
  const source = app.get(DataSource);
  const writer = randomUUID();
  const rows: UsageRow[] = [];
  const lastUse = new Map<string, Date>();
  for (const [index, key] of keys.entries()) {
    for (const row of trafficOf(key, DAYS, now, index + 1)) {
      rows.push({ keyId: key.id, ...row });
      if (row.verdict === 'VALID') lastUse.set(key.id, row.hour);
    }
  }
  for (let from = 0, flush = 1; from < rows.length; from += BATCH, flush += 1) {
    const some = rows.slice(from, from + BATCH);
    const isLast = from + BATCH >= rows.length;
    const used = isLast ? [...lastUse] : [];
    await source.query(
      'SELECT write_usage($1, $2, $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::bigint[], $8::uuid[], $9::timestamptz[], $10::text[])',
      [
        writer,
        flush,
        some.map(({ keyId }) => keyId),
        some.map(() => application.id),
        some.map(({ hour }) => hour.toISOString()),
        some.map(({ verdict }) => verdict),
        some.map(({ count }) => count),
        used.map(([id]) => id),
        // Within the hour that was counted last, and not ahead of the time.
        used.map(([, hour], index) => timeWithin(hour, index, now).toISOString()),
        used.map((_, index) => `198.51.100.${index + 10}`),
      ],
    );
    say(`${Math.min(from + BATCH, rows.length)} of ${rows.length} hours of usage`);
  }
}

function timeWithin(hour: Date, index: number, now: Date): Date {
  const at = hour.getTime() + ((index * 131) % 3600) * 1000;
  return new Date(Math.min(at, now.getTime() - index * 17_000));
}

async function writeRefusals(
  app: INestApplicationContext,
  { id: applicationId }: Application,
  keys: readonly SeedingKey[],
  now: Date,
): Promise<void> {
  const slots = new Map<string, number>();
  const rows = REFUSALS.map(({ key, hoursAgo, verdict, cause, details }) => {
    const keyId = keys.find(({ name }) => name === key)?.id;
    const slot = slots.get(key) ?? 0;
    slots.set(key, slot + 1);
    const at = new Date(now.getTime() - hoursAgo * HOUR_MS).toISOString();
    return { keyId, slot, id: uuidv7(), at, verdict, cause, details, request: randomUUID() };
  });
  await app.get(DataSource).query(
    `WITH given AS (
       SELECT * FROM jsonb_to_recordset($2::jsonb) AS n (
         "keyId" uuid, slot smallint, id uuid, at timestamptz, verdict text, cause text, details jsonb, request text)),
     rings AS (
       INSERT INTO denial_rings (id, written, written_at)
       SELECT "keyId", count(*), max(at) FROM given GROUP BY "keyId")
     INSERT INTO denials (ring_id, slot, id, application_id, api_key_id, at, verdict, cause, request_id, address,
                          caller_address, repeated, details)
     SELECT "keyId", slot, id, $1, "keyId", at, verdict, cause, request, '203.0.113.9', '10.0.0.5', 1, details
       FROM given`,
    [applicationId, JSON.stringify(rows)],
  );
  say(`${rows.length} refusals`);
}

async function changeSome(
  app: INestApplicationContext,
  owner: Actor,
  application: Application,
  keys: readonly SeedingKey[],
): Promise<void> {
  const service = app.get(ApiKeyService, { strict: false });
  for (const { id, became } of keys) {
    if (became === undefined) continue;
    const key = await service.get(id);
    if (became === 'disabled') await service.change(owner, application, key, { enabled: false });
    if (became === 'revoked') await service.revoke(owner, key);
    if (became === 'rotated') await service.rotate(owner, key, { overlapSeconds: 7 * 86_400 });
  }
}
