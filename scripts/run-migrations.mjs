import { existsSync } from 'node:fs';
import { fail, messageOf, say } from './lib/checkout.mjs';

// Migrates the database of DATABASE_DIRECT_URL, or else of DATABASE_URL, with the build that is there; `npm run migrate` makes the build first.
// `revert` takes the newest migration back. Several at once take turns. No other variable is looked at: what
// migrates needs none of the service's secrets.
const [command = 'run', ...rest] = process.argv.slice(2);
if (!['run', 'revert'].includes(command) || rest.length > 0) fail('Usage: npm run migrate [-- run | revert]');

if (existsSync('.env')) process.loadEnvFile('.env');
const url = process.env.DATABASE_DIRECT_URL?.trim() || process.env.DATABASE_URL?.trim();
if (!url)
  fail('DATABASE_URL is not set. The embedded PostgreSQL needs no call of this: each start migrates it.');

try {
  const { migrate, revertLastMigration } = await import('../dist/src/infrastructure/database/migrate.js');
  if (command === 'revert') {
    await revertLastMigration(url, { log: say });
    say('Took back the newest migration.');
  } else {
    const done = await migrate(url, { log: say });
    say(done.length === 0 ? 'Nothing to migrate.' : done.map((name) => `Migrated ${name}.`).join('\n'));
  }
} catch (error) {
  fail(`The database was not migrated: ${messageOf(error)}`);
}
