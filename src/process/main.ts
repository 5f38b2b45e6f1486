import cluster from 'node:cluster';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { makeDataDir } from '../config/data-dir.js';
import { loadEnv, localAccountsOf, type Env } from '../config/env.js';
import { withLocalSecrets } from '../config/local-secrets.js';
import { workerVariables } from '../config/worker-env.js';
import { CLOSING_TIMEOUT, EndOfProcess } from './end-of-process.js';
import { openDatabase } from '../infrastructure/database/open-database.js';
import { createLogger } from '../infrastructure/logging/logger.js';
import { printableLines } from '../infrastructure/logging/printable.js';
import { scrub } from '../infrastructure/logging/scrub.js';
import { loadApp, serve } from './serve.js';
import { explainFailure } from './start-failure.js';
import { localUrl, welcome } from './welcome.js';
import { Workers } from './workers.js';

const say = (text: string): void => {
  process.stderr.write(`${printableLines(scrub(text))}\n`);
};

let end: EndOfProcess | undefined;
try {
  const env = loadEnv(cluster.isWorker ? undefined : say);
  const requestsMs = env.SHUTDOWN_DELAY_MS + env.SHUTDOWN_TIMEOUT_MS;
  if (cluster.isWorker) {
    // Its primary tells of the end of them all.
    end = new EndOfProcess(requestsMs, { info: () => undefined, warn: () => undefined });
    end.onWordOfPrimary();
    await serve(env, end);
  } else {
    const hasWorkers = env.WEB_CONCURRENCY > 1;
    // Workers have to close something too before the database may go.
    const log = createLogger(env);
    end = new EndOfProcess(hasWorkers ? requestsMs + CLOSING_TIMEOUT : requestsMs, log);
    end.onSignals();
    const opened = await open(env, end);
    const address = await (hasWorkers ? serveByWorkers(opened, end, log) : serve(opened, end));
    if (env.NODE_ENV !== 'production') {
      const served = { dashboard: env.DASHBOARD === 'on', docs: env.DOCS === 'on' };
      process.stdout.write(welcome(localUrl(address), served, localAccountsOf(env)));
    }
  }
} catch (error) {
  say(explainFailure(error));
  await end?.end(1);
  process.exitCode = 1;
}

/** The configuration, complete with the database and the secrets. */
async function open(env: Env, end: EndOfProcess): Promise<Env> {
  if (env.DATABASE_URL === undefined) await makeDataDir(env.DATA_DIR);
  const secrets = await withLocalSecrets(env);
  const [database] = await Promise.all([
    openDatabase(secrets, say),
    // Loading it takes as long as PostgreSQL takes to start: together they are most of what a start takes.
    env.WEB_CONCURRENCY === 1 ? loadApp() : undefined,
  ]);
  end.before(() => database.close());
  return { ...secrets, DATABASE_URL: database.url };
}

async function serveByWorkers(env: Env, end: EndOfProcess, log: Logger): Promise<AddressInfo> {
  if (env.RATE_LIMIT_STORE === 'memory') {
    log.warn(
      'Each worker counts the rate limits of keys on its own: RATE_LIMIT_STORE=postgres counts them together.',
    );
  }
  const workers = new Workers({
    main: fileURLToPath(import.meta.url),
    count: env.WEB_CONCURRENCY,
    variables: workerVariables(env),
    log,
  });
  end.before(() => workers.stop());
  return workers.start();
}
