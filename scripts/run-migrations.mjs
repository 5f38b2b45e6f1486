import { fail, messageOf, say } from './lib/checkout.mjs';

// Migrates the database of DATABASE_URL with the build that is there; `npm run migrate` makes the build first.
// `revert` takes the newest migration back. Several at once take turns.
const [command = 'run', ...rest] = process.argv.slice(2);
if (!['run', 'revert'].includes(command) || rest.length > 0) fail('Usage: npm run migrate [-- run | revert]');

try {
  const { loadEnv } = await import('../dist/src/config/env.js');
  const { migrate, revertLastMigration } = await import('../dist/src/infrastructure/database/migrate.js');
  const { DATABASE_URL } = loadEnv();
  if (DATABASE_URL === undefined) {
    fail('DATABASE_URL is not set. The embedded PostgreSQL needs no call of this: each start migrates it.');
  }
  if (command === 'revert') {
    await revertLastMigration(DATABASE_URL);
    say('Took back the newest migration.');
  } else {
    const done = await migrate(DATABASE_URL);
    say(done.length === 0 ? 'Nothing to migrate.' : done.map((name) => `Migrated ${name}.`).join('\n'));
  }
} catch (error) {
  fail(`The database was not migrated: ${messageOf(error)}`);
}
