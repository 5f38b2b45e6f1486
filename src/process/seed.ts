import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { isEmail } from 'class-validator';
import { loadEnv, localAccountsOf, migrationUrlsOf, type Env } from '../config/env.js';
import { withLocalSecrets } from '../config/local-secrets.js';
import { ApiKeyService, ServiceKeyService } from '../modules/api-keys/index.js';
import { ApplicationService, type Application } from '../modules/applications/index.js';
import { SeededPast } from '../infrastructure/database/seeded-past.js';
import { AccountAdministration, AuthService } from '../modules/auth/index.js';
import { personActor, systemActor, type Actor } from '../shared/actor.js';
import { DomainError } from '../shared/domain-error.js';
import { LOCAL_ISSUER } from '../shared/subject.js';
import { answerHelp } from './answer-help.js';
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
  answerHelp(process.argv.slice(2), USAGE);
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
  const serviceKeyIds: string[] = [];
  for (const { name, scopes } of SERVICE_KEYS) {
    const service = app.get(ServiceKeyService, { strict: false });
    serviceKeyIds.push((await service.issue(owner, application, { name, scopes: [...scopes] })).id);
  }
  say(`${SERVICE_KEYS.length} service keys`);
  const keys = await issue(app, owner, application);
  const now = new Date();
  const past = SeededPast.of(app);
  await backdate(past, application, keys, serviceKeyIds, now);
  await writeUsage(past, application, keys, now);
  await writeRefusals(past, application, keys, now);
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
    const auth = app.get(AuthService, { strict: false });
    const { user, refreshToken } = await auth.register(
      {
        email,
        password,
        name: 'Ada Harbour',
        ...(invitation !== undefined && { invitation: invitation.reveal() }),
      },
      HERE,
    );
    // Nobody holds what it would be used with.
    await auth.logout(refreshToken.reveal(), HERE);
    return personActor({ issuer: LOCAL_ISSUER, subject: user.id }, HERE);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'email_taken') throw error;
    throw new UsageError(
      `There is an account ${email} already, and nothing was changed. Set a new password for it: npm run account -- reset ${email}. Or choose another one: npm run seed -- --email you@example.com`,
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
async function backdate(
  past: SeededPast,
  application: Application,
  keys: readonly SeedingKey[],
  serviceKeyIds: readonly string[],
  now: Date,
): Promise<void> {
  const ago = (days: number): Date => new Date(now.getTime() - days * DAY_MS);
  const oldest = Math.max(...keys.map(({ createdDaysAgo }) => createdDaysAgo));
  const made = [
    ...serviceKeyIds.map((id) => ({ id, createdAt: ago(oldest), expiredAt: null })),
    ...keys.map(({ id, createdDaysAgo, expiresInDays = 1 }) => ({
      id,
      createdAt: ago(createdDaysAgo),
      expiredAt: expiresInDays < 0 ? ago(-expiresInDays) : null,
    })),
  ];
  await past.backdate(made);
  await past.retell(application.id, new Map(made.map(({ id, createdAt }) => [id, createdAt])));
}

interface UsageRow extends HourlyCount {
  readonly keyId: string;
}

async function writeUsage(
  past: SeededPast,
  application: Application,
  keys: readonly SeedingKey[],
  now: Date,
): Promise<void> {
  const rows: UsageRow[] = [];
  const lastUse = new Map<string, Date>();
  for (const [index, key] of keys.entries()) {
    for (const row of trafficOf(key, DAYS, now, index + 1)) {
      rows.push({ keyId: key.id, ...row });
      if (row.verdict === 'VALID') lastUse.set(key.id, row.hour);
    }
  }
  for (let from = 0; from < rows.length; from += BATCH) {
    await past.count(
      application.id,
      rows
        .slice(from, from + BATCH)
        .map(({ keyId, hour, verdict, count }) => ({ keyId, hour, verdict, count })),
    );
    say(`${Math.min(from + BATCH, rows.length)} of ${rows.length} hours of usage`);
  }
  await past.noteUses(
    [...lastUse].map(([keyId, hour], index) => ({
      keyId,
      // Within the hour that was counted last, and not ahead of the time.
      at: timeWithin(hour, index, now),
      address: `198.51.100.${index + 10}`,
    })),
  );
}

function timeWithin(hour: Date, index: number, now: Date): Date {
  const at = hour.getTime() + ((index * 131) % 3600) * 1000;
  return new Date(Math.min(at, now.getTime() - index * 17_000));
}

async function writeRefusals(
  past: SeededPast,
  application: Application,
  keys: readonly SeedingKey[],
  now: Date,
): Promise<void> {
  const refusals = REFUSALS.flatMap(({ key, hoursAgo, verdict, cause, details }) => {
    const keyId = keys.find(({ name }) => name === key)?.id;
    return keyId === undefined
      ? []
      : [{ keyId, at: new Date(now.getTime() - hoursAgo * HOUR_MS), verdict, cause, details }];
  });
  await past.refuse(application.id, refusals);
  say(`${refusals.length} refusals`);
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
