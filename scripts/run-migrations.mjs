import { fail, messageOf, say } from './lib/checkout.mjs';

// Migrates the database of DATABASE_MIGRATION_URL, or else DATABASE_DIRECT_URL, or else DATABASE_URL, with the build
// that is there; `npm run migrate` makes the build first. With the first of them, the role of DATABASE_URL is given what
// it needs to serve.
// `revert` takes the newest migration back. Several at once take turns. No other variable is looked at: what
// migrates needs none of the service's secrets.
const [command = 'run', ...rest] = process.argv.slice(2);
if (!['run', 'revert'].includes(command) || rest.length > 0) fail('Usage: npm run migrate [-- run | revert]');

try {
  const { loadMigrationUrls } = await import('../dist/src/config/env.js');
  const { migrate, revertLastMigration } = await import('../dist/src/infrastructure/database/migrate.js');
  const { roleOf } = await import('../dist/src/infrastructure/database/serving-role.js');
  const urls = loadMigrationUrls();
  if (urls === undefined)
    fail('DATABASE_URL is not set. The embedded PostgreSQL needs no call of this: each start migrates it.');
  const { url, servingUrl } = urls;
  const options = { log: say, servingRole: servingUrl && roleOf(servingUrl) };
  if (command === 'revert') {
    await revertLastMigration(url, options);
    say('Took back the newest migration.');
  } else {
    const done = await migrate(url, options);
    say(done.length === 0 ? 'Nothing to migrate.' : done.map((name) => `Migrated ${name}.`).join('\n'));
  }
} catch (error) {
  fail(`The database was not migrated: ${messageOf(error)}`);
}
