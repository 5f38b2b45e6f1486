import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { Client, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';
import type { QueryRunner } from 'typeorm';
import { PRIVILEGES } from './privileges.js';

/** The role that serves: it owns nothing, and may do with each table what its statements need. */
export interface ServingRole {
  name: string;
  /** Undefined when whoever made the role keeps it. */
  password: string | undefined;
}

/** The role that serves cannot be made as it should be; the message says what to do. */
export class ServingRoleError extends Error {}

/** SQLSTATEs. */
const WRONG_PASSWORD = '28P01';
const NOT_ALLOWED = '42501';
/** Made meanwhile, beside another database of the same server. */
const THERE_ALREADY = new Set(['42710', '23505']);

/** The rounds that PostgreSQL takes by itself (`scram_iterations`). */
const SCRAM_ROUNDS = 4096;

/** The role that a connection string names. */
export function roleOf(url: string): ServingRole {
  const { username, password } = new URL(url);
  return {
    name: decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
  };
}

/**
 * Sees to it that a role exists, logs in with its password, and may do what PRIVILEGES says and nothing else. Does
 * nothing when it is the role that migrates.
 *
 * @param url that leads to the database as the role that migrates
 * @param runner a connection of that role, not in a transaction
 * @throws ServingRoleError when the role that migrates may not make or change it
 */
export async function provideServingRole(runner: QueryRunner, url: string, role: ServingRole): Promise<void> {
  if (role.name === '') throw new ServingRoleError('DATABASE_URL names no role that is to serve.');
  const [state] = (await runner.query(
    `SELECT current_user = $1 AS "isOwn", EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS "isThere"`,
    [role.name],
  )) as [{ isOwn: boolean; isThere: boolean }];
  if (state.isOwn) return;
  await makeRole(runner, role, state.isThere);
  if (state.isThere && role.password !== undefined && !(await logsIn(url, role, role.password))) {
    await changeRole(runner, role, 'ALTER');
  }
  await grantPrivileges(runner, role.name);
}

async function makeRole(runner: QueryRunner, role: ServingRole, isThere: boolean): Promise<void> {
  if (isThere) return;
  if (role.password === undefined) {
    throw new ServingRoleError(
      `The role ${escapeIdentifier(role.name)} of DATABASE_URL does not exist: give DATABASE_URL its password, or make the role first.`,
    );
  }
  await changeRole(runner, role, 'CREATE');
}

async function changeRole(runner: QueryRunner, role: ServingRole, verb: 'CREATE' | 'ALTER'): Promise<void> {
  const name = escapeIdentifier(role.name);
  try {
    // What is sent is not the password: the server may log statements that change roles.
    await runner.query(`${verb} ROLE ${name} LOGIN PASSWORD ${escapeLiteral(scramOf(role.password ?? ''))}`);
  } catch (error) {
    const code = codeOf(error);
    if (verb === 'CREATE' && code !== undefined && THERE_ALREADY.has(code)) return;
    if (code !== NOT_ALLOWED) throw error;
    throw new ServingRoleError(
      verb === 'CREATE'
        ? `The role ${name} of DATABASE_URL does not exist, and the role that migrates may not make it: run CREATE ROLE ${name} LOGIN with its password as an administrator.`
        : `The password of DATABASE_URL is not that of the role ${name}, and the role that migrates may not change it.`,
      { cause: error },
    );
  }
}

/** Whether the server takes this password. What else may be wrong with a login is not of the password. */
async function logsIn(url: string, role: ServingRole, password: string): Promise<boolean> {
  const own = new URL(url);
  own.username = encodeURIComponent(role.name);
  own.password = encodeURIComponent(password);
  const client = new Client({ connectionString: own.href, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    return codeOf(error) !== WRONG_PASSWORD;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** In one transaction: whoever serves meanwhile never lacks a privilege. */
async function grantPrivileges(runner: QueryRunner, name: string): Promise<void> {
  const role = escapeIdentifier(name);
  const [place] = (await runner.query(
    'SELECT current_database() AS database, current_schema() AS schema',
  )) as [{ database: string; schema: string }];
  const schema = escapeIdentifier(place.schema);
  const tables = (await runner.query(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'v')`,
    [schema],
  )) as { name: string }[];
  const grants = tables.flatMap(({ name: table }) => {
    const privileges = PRIVILEGES[table];
    return privileges === undefined
      ? []
      : [`GRANT ${privileges.join(', ')} ON ${schema}.${escapeIdentifier(table)} TO ${role}`];
  });
  const statements = [
    `GRANT CONNECT ON DATABASE ${escapeIdentifier(place.database)} TO ${role}`,
    // Until PostgreSQL 15 everybody could make tables in it.
    `REVOKE CREATE ON SCHEMA ${schema} FROM PUBLIC, ${role}`,
    `GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM ${role}`,
    ...grants,
  ];
  await runner.startTransaction();
  try {
    for (const statement of statements) await runner.query(statement);
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}

/** How PostgreSQL keeps a password (RFC 5803; RFC 5802, section 3, for the names). */
function scramOf(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, SCRAM_ROUNDS, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${SCRAM_ROUNDS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

function codeOf(error: unknown): string | undefined {
  const { driverError = error } = error as { driverError?: unknown };
  return driverError instanceof DatabaseError ? driverError.code : undefined;
}
