import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { checkSchema, SchemaError } from '../../src/infrastructure/database/check-schema.js';
import { migrate, revertLastMigration } from '../../src/infrastructure/database/migrate.js';
import { PRIVILEGES } from '../../src/infrastructure/database/privileges.js';
import { ServingRoleError, type ServingRole } from '../../src/infrastructure/database/serving-role.js';
import { createTestDatabase, directUrlOf, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let url: string;
let role: ServingRole & { password: string };
let owner: Client;
beforeEach(async () => {
  database = await createTestDatabase();
  url = directUrlOf(database);
  role = { name: `serves_${randomBytes(6).toString('hex')}`, password: randomBytes(12).toString('hex') };
  owner = new Client({ connectionString: url });
  await owner.connect();
});
afterEach(async () => {
  await owner.query(`DROP OWNED BY ${role.name}; DROP ROLE ${role.name}`).catch(() => undefined);
  await owner.end();
  await database.drop();
});

/** As the role that serves, or as another one. */
async function as<T>(work: (client: Client) => Promise<T>, who: ServingRole = role): Promise<T> {
  const client = new Client({ connectionString: urlOf(who) });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf({ name, password }: ServingRole): string {
  const own = new URL(url);
  own.username = name;
  own.password = password ?? '';
  return own.href;
}

describe('the role that serves', () => {
  it('is made by the migrations, and owns nothing', async () => {
    await migrate(url, { servingRole: role });
    await as(async (client) => {
      const { rows } = await client.query(
        `SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS mighty,
                (SELECT count(*)::int FROM pg_class WHERE relowner = r.oid) AS tables,
                (SELECT count(*)::int FROM pg_proc WHERE proowner = r.oid) AS functions,
                (SELECT count(*)::int FROM pg_auth_members WHERE member = r.oid) AS memberships
           FROM pg_roles r WHERE rolname = current_user`,
      );
      expect(rows).toEqual([{ mighty: false, tables: 0, functions: 0, memberships: 0 }]);
    });
  });

  it.each([
    `COPY users TO PROGRAM 'cat > /dev/null'`,
    `COPY users FROM '/etc/passwd'`,
    `SELECT pg_read_file('/etc/passwd')`,
    'CREATE TABLE own (id int)',
    'ALTER TABLE users ADD COLUMN own int',
    'DROP TABLE users',
    'TRUNCATE users',
    'DELETE FROM applications',
    'ALTER TABLE api_keys DISABLE TRIGGER ALL',
    `SET session_replication_role = 'replica'`,
    'UPDATE key_changes SET number = 1',
    'DELETE FROM migrations',
    'CREATE ROLE another LOGIN',
  ])('may not: %s', async (statement) => {
    await migrate(url, { servingRole: role });
    await expect(as((client) => client.query(statement))).rejects.toMatchObject({ code: '42501' });
  });

  it('has exactly the privileges that are written down, of every table there is', async () => {
    await migrate(url, { servingRole: role });
    const { rows } = await owner.query<{ name: string; privileges: string[] }>(
      `SELECT c.relname AS name,
              ARRAY(SELECT a.privilege_type FROM aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
                     WHERE r.rolname = $1 ORDER BY 1) AS privileges
         FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')`,
      [role.name],
    );
    const found = Object.fromEntries(rows.map(({ name, privileges }) => [name, privileges]));
    const written = Object.entries(PRIVILEGES).map(([name, privileges]) => [name, [...privileges].sort()]);
    expect(found).toEqual(Object.fromEntries(written));
  });

  it('loses what it was given besides, with the next migration', async () => {
    await migrate(url, { servingRole: role });
    await owner.query(`GRANT ALL ON applications TO ${role.name}`);
    await migrate(url, { servingRole: role });
    const deletion = as((client) => client.query('DELETE FROM applications'));
    await expect(deletion).rejects.toMatchObject({ code: '42501' });
  });

  it('serves on after a migration was taken back and run again', async () => {
    await migrate(url, { servingRole: role });
    await revertLastMigration(url, { servingRole: role });
    await as((client) => client.query('SELECT FROM freshness_nodes'));
    await migrate(url, { servingRole: role });
    await as((client) => client.query('SELECT FROM freshness_renewals'));
  });

  it('gets the password of DATABASE_URL when that was changed', async () => {
    await migrate(url, { servingRole: role });
    const changed = { ...role, password: 'another one: ä$\'"' };
    await migrate(url, { servingRole: changed });
    const own = new URL(url);
    const login = new Client({
      host: own.hostname,
      port: Number(own.port),
      database: own.pathname.slice(1),
      user: changed.name,
      password: changed.password,
    });
    await login.connect();
    await login.end();
  });

  it('is not made by a role that may not, and the error says what to do', async () => {
    const migrating = { name: `${role.name}_owner`, password: 'owns' };
    await owner.query(`CREATE ROLE ${migrating.name} LOGIN PASSWORD 'owns'`);
    try {
      await owner.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${migrating.name}`);
      const error = await migrate(urlOf(migrating), { servingRole: role }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ServingRoleError);
      expect((error as Error).message).toContain(`run CREATE ROLE "${role.name}" LOGIN`);
      expect((error as Error).message).not.toContain(role.password);
    } finally {
      await owner.query(`DROP OWNED BY ${migrating.name}; DROP ROLE ${migrating.name}`);
    }
  });
});

describe('a start', () => {
  const warn = (message: string): void => {
    warnings.push(message);
  };
  let warnings: string[];
  beforeEach(() => {
    warnings = [];
  });

  it('says nothing to a role that can only serve, and warns of one that owns the tables', async () => {
    await migrate(url, { servingRole: role });
    await checkSchema(urlOf(role), warn);
    expect(warnings).toEqual([]);
    await checkSchema(url, warn);
    expect(warnings).toEqual([expect.stringContaining('owns the tables')]);
  });

  it('ends on the schema of a newer version, and says which migrations those are', async () => {
    await owner.query(`INSERT INTO migrations (timestamp, name) VALUES (1, 'FromTheFuture1')`);
    await expect(checkSchema(url, warn)).rejects.toThrow(
      /newer version \(it has one migration .* FromTheFuture1\)/,
    );
  });

  it('ends on the schema of an older version, and on no schema at all', async () => {
    await revertLastMigration(url);
    await expect(checkSchema(url, warn)).rejects.toThrow(/older version \(it lacks one migration/);
    await owner.query('DROP TABLE migrations');
    await expect(checkSchema(url, warn)).rejects.toThrow(SchemaError);
  });
});
