import { loadEnv } from './config/env.js';
import { withLocalSecrets } from './config/local-secrets.js';
import { EndOfProcess } from './end-of-process.js';
import { openDatabase } from './infrastructure/database/open-database.js';
import { shutDown } from './shut-down.js';
import { explainFailure } from './start-failure.js';
import { localUrl, welcome } from './welcome.js';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

let end: EndOfProcess | undefined;
try {
  const given = loadEnv();
  end = new EndOfProcess(given.SHUTDOWN_DELAY_MS + given.SHUTDOWN_TIMEOUT_MS);
  const secrets = await withLocalSecrets(given);
  // Most of the code is loaded while PostgreSQL starts: together they are most of what a start takes.
  const [database, { createApp }] = await Promise.all([openDatabase(secrets, say), import('./app.setup.js')]);
  end.before(() => database.close());

  const env = { ...secrets, DATABASE_URL: database.url };
  const app = await createApp(env);
  end.before(() => shutDown(app, env));
  await app.listen(env.PORT, env.HOST);

  const address = app.getHttpServer().address();
  if (env.NODE_ENV !== 'production' && typeof address === 'object' && address !== null) {
    process.stdout.write(welcome(localUrl(address)));
  }
} catch (error) {
  say(explainFailure(error));
  await end?.end(1);
  process.exitCode = 1;
}
