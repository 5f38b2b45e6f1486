import { existsSync } from 'node:fs';
import { readSecretFiles } from './secret-files.js';
import { pepperVersionProblem } from './secrets.js';
import type { Variable } from './variable.js';
import { variables } from './variables.js';

type Variables = typeof variables;

/** The configuration, read once and checked whole. */
export type Env = Readonly<{
  [Name in keyof Variables]: Variables[Name] extends Variable<infer T>
    ? Variables[Name]['default'] extends string
      ? T
      : T | undefined
    : never;
}>;

/** Injection token of the configuration. */
export const ENV = Symbol('Env');

/** Thrown once, naming every variable that is bad or missing. */
export class EnvError extends Error {
  constructor(readonly problems: string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/**
 * Reads and checks the whole configuration. An empty value counts as none.
 *
 * @param known what is known to be wrong, a sentence by the variable
 */
export function parseEnv(
  source: Record<string, string | undefined>,
  known: ReadonlyMap<string, string> = new Map(),
): Env {
  const problems = new Map(known);
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries<Variable<unknown>>(variables)) {
    const given = source[name]?.trim();
    const text = given === undefined || given === '' ? variable.default : given;
    if (text === undefined) continue;
    try {
      values[name] = variable.parse(text);
    } catch (error) {
      problems.set(name, `${name} ${(error as Error).message}`);
    }
  }
  const env = values as Env;
  for (const [name, problem] of jointProblems(env)) {
    if (!problems.has(name)) problems.set(name, `${name} ${problem}`);
  }
  if (problems.size > 0) throw new EnvError([...problems.values()]);
  return Object.freeze(env);
}

/**
 * The configuration of this process: its environment, `.env` for what the environment leaves out, and the files that
 * either names for secrets.
 *
 * @param warn told what is usable and not as it should be
 */
export function loadEnv(warn: (message: string) => void = () => undefined): Env {
  const { source, problems } = loadSource(warn);
  return parseEnv(source, problems);
}

/** How the database is migrated. */
export interface MigrationUrls {
  /** Leads to the database itself, as the role that owns its tables. */
  url: string;
  /** Of the role that serves, when that is another one. */
  servingUrl: string | undefined;
}

/**
 * Where and as whom the database is migrated, alone: for tools that need none of the service's secrets. Undefined
 * without a database. Throws EnvError.
 */
export function loadMigrationUrls(): MigrationUrls | undefined {
  const { source, problems } = loadSource(() => undefined);
  const names = ['DATABASE_MIGRATION_URL', 'DATABASE_DIRECT_URL', 'DATABASE_URL'] as const;
  const values: Partial<Record<(typeof names)[number], string>> = {};
  const found: string[] = [];
  for (const name of names) {
    const text = source[name]?.trim() ?? '';
    try {
      if (text !== '') values[name] = variables[name].parse(text);
    } catch (error) {
      problems.set(name, `${name} ${(error as Error).message}`);
    }
    const problem = problems.get(name);
    if (problem !== undefined) found.push(problem);
  }
  if (found.length > 0) throw new EnvError(found);
  return migrationUrlsOf(values);
}

/** What keys begin with, that of new ones first: for a tool that needs nothing else of the service. Throws EnvError. */
export function loadKeyPrefixes(): string[] {
  const { source } = loadSource(() => undefined);
  const { API_KEY_PREFIX, API_KEY_PREVIOUS_PREFIXES } = source;
  const env = parseEnv({ NODE_ENV: 'development', API_KEY_PREFIX, API_KEY_PREVIOUS_PREFIXES });
  return [env.API_KEY_PREFIX, ...(env.API_KEY_PREVIOUS_PREFIXES ?? [])];
}

/** Where a command was called, from which the paths that it is given are meant; npm runs it in the checkout. */
export function calledFrom(): string {
  return process.env.INIT_CWD ?? process.cwd();
}

/** The same for a configuration that has been read. */
export function migrationUrlsOf(
  env: Partial<Pick<Env, 'DATABASE_URL' | 'DATABASE_DIRECT_URL' | 'DATABASE_MIGRATION_URL'>>,
): MigrationUrls | undefined {
  const serving = env.DATABASE_DIRECT_URL ?? env.DATABASE_URL;
  const url = env.DATABASE_MIGRATION_URL ?? serving;
  if (url === undefined) return undefined;
  return { url, servingUrl: env.DATABASE_MIGRATION_URL === undefined ? undefined : env.DATABASE_URL };
}

function loadSource(warn: (message: string) => void): ReturnType<typeof readSecretFiles> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return readSecretFiles(process.env, variables, warn);
}

/** Where the lease, notifications and migrations reach the database; undefined with the embedded one alone. */
export function directUrlOf(env: Pick<Env, 'DATABASE_URL' | 'DATABASE_DIRECT_URL'>): string | undefined {
  return env.DATABASE_DIRECT_URL ?? env.DATABASE_URL;
}

/** Whether secrets that the environment leaves out may be made up: for the embedded database only. */
export function mayGenerateSecrets(env: Env): boolean {
  return env.NODE_ENV !== 'production' && env.DATABASE_URL === undefined;
}

/** Who may make an account here. */
export function localAccountsOf(
  env: Pick<Env, 'LOCAL_ACCOUNTS' | 'NODE_ENV'>,
): NonNullable<Env['LOCAL_ACCOUNTS']> {
  return env.LOCAL_ACCOUNTS ?? (env.NODE_ENV === 'production' ? 'invite' : 'open');
}

type Problem = [name: keyof Variables, problem: string];

/** What is wrong with variables that are fine by themselves. Those that could not be read are undefined. */
function jointProblems(env: Env): Problem[] {
  const problems: Problem[] = [];
  if (!mayGenerateSecrets(env)) {
    for (const name of ['JWT_SIGNING_KEY', 'API_KEY_PEPPERS'] as const) {
      if (env[name] === undefined) problems.push([name, 'is required with DATABASE_URL and in production']);
    }
  }
  if (env.DATABASE_DIRECT_URL !== undefined && env.DATABASE_URL === undefined) {
    problems.push(['DATABASE_DIRECT_URL', 'needs DATABASE_URL, which is the way of the requests']);
  }
  if (env.DATABASE_MIGRATION_URL !== undefined && env.DATABASE_URL === undefined) {
    problems.push(['DATABASE_MIGRATION_URL', 'needs DATABASE_URL, which names the role that serves']);
  }
  if (env.API_KEY_PEPPERS !== undefined) {
    const problem = pepperVersionProblem(env.API_KEY_PEPPERS, env.API_KEY_PEPPER_VERSION);
    if (problem !== null) problems.push(['API_KEY_PEPPER_VERSION', problem]);
  }
  if (env.JWT_ISSUERS?.some(({ issuer }) => issuer === env.JWT_ISSUER) === true) {
    problems.push(['JWT_ISSUERS', 'must not name JWT_ISSUER: its tokens are signed here']);
  }
  problems.push(...providerProblems(env));
  if (env.SMTP_URL !== undefined && env.MAIL_FROM === undefined) {
    problems.push(['MAIL_FROM', 'is required with SMTP_URL']);
  }
  if (env.RATE_LIMIT_STORE === 'redis' && env.REDIS_URL === undefined) {
    problems.push(['REDIS_URL', 'is required with RATE_LIMIT_STORE=redis']);
  }
  return env.NODE_ENV === 'production' ? [...problems, ...productionProblems(env)] : problems;
}

/** The API takes the access tokens that the dashboard is given there, or the dashboard is of no use. */
function providerProblems(env: Env): Problem[] {
  const problems: Problem[] = [];
  const { DASHBOARD_OIDC_ISSUER: issuer, DASHBOARD_OIDC_CLIENT_ID: client } = env;
  if (issuer === undefined) {
    if (client !== undefined) problems.push(['DASHBOARD_OIDC_CLIENT_ID', 'needs DASHBOARD_OIDC_ISSUER']);
    return problems;
  }
  if (client === undefined)
    problems.push(['DASHBOARD_OIDC_CLIENT_ID', 'is required with DASHBOARD_OIDC_ISSUER']);
  if (env.JWT_ISSUERS?.some((one) => one.issuer === issuer) !== true) {
    problems.push(['DASHBOARD_OIDC_ISSUER', 'must be an issuer of JWT_ISSUERS, character by character']);
  }
  if (!env.DASHBOARD_OIDC_SCOPES.split(' ').includes('openid')) {
    problems.push(['DASHBOARD_OIDC_SCOPES', 'must have openid among them']);
  }
  return problems;
}

/** In production nothing is made up and nothing is weakened. */
function productionProblems(env: Env): Problem[] {
  const problems: Problem[] = [];
  if (env.DATABASE_URL === undefined && !env.EMBEDDED_POSTGRES) {
    problems.push([
      'DATABASE_URL',
      'is required in production (or EMBEDDED_POSTGRES=true, to ask for the embedded one)',
    ]);
  }
  if (env.BCRYPT_COST < 10) problems.push(['BCRYPT_COST', 'must be at least 10 in production']);
  if (env.JWT_ISSUERS?.some(({ keys }) => 'jwksUrl' in keys && isPlainHttp(keys.jwksUrl)) === true) {
    problems.push(['JWT_ISSUERS', 'must have https in every jwksUrl in production']);
  }
  const { DASHBOARD_OIDC_ISSUER: provider } = env;
  if (provider !== undefined && isPlainHttp(new URL(provider))) {
    problems.push(['DASHBOARD_OIDC_ISSUER', 'must have https in production']);
  }
  return problems;
}

/** Whoever sits on the way could put keys of their own in; nobody does on the way to this machine itself. */
function isPlainHttp(url: URL): boolean {
  return url.protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}
