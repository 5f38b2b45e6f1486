import { createInterface } from 'node:readline/promises';
import { answerHelp, fail, messageOf, MIGRATE_USAGE, say } from './lib/checkout.mjs';

// Migrates the database of DATABASE_MIGRATION_URL, or else DATABASE_DIRECT_URL, or else DATABASE_URL, with the build
// that is there; `npm run migrate` makes the build first. With the first of them, the role of DATABASE_URL is given what
// it needs to serve.
// `revert` takes the newest migration back; before it drops tables that have rows it asks, or wants `--yes`. Several at
// once take turns. No other variable is looked at: what migrates needs none of the service's secrets.
answerHelp(MIGRATE_USAGE);
const [command = 'run', ...rest] = process.argv.slice(2);
const isSure = command === 'revert' && rest.length === 1 && rest[0] === '--yes';
if (!['run', 'revert'].includes(command) || (rest.length > 0 && !isSure)) {
  fail(MIGRATE_USAGE);
}

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
    const reverted = await revertLastMigration(url, {
      ...options,
      confirmLoss: isSure ? undefined : confirm,
    });
    if (reverted === undefined) say('There is no migration to take back.');
    else if (reverted.isDone) say(`Took back ${reverted.name}.`);
    else
      fail(
        `Nothing was taken back. What ${reverted.name} has made goes with: npm run migrate -- revert --yes`,
      );
  } else {
    const done = await migrate(url, options);
    say(done.length === 0 ? 'Nothing to migrate.' : done.map((name) => `Migrated ${name}.`).join('\n'));
  }
} catch (error) {
  fail(`The database was not migrated: ${messageOf(error)}`);
}

/** At a terminal a person is asked; a script has to say --yes. */
async function confirm(tables) {
  say(`This would drop ${tables.join(', ')}, and the rows in it.`);
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question('Drop it? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}
