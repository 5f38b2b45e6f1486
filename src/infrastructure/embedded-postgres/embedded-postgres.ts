import type { Client } from 'pg';
import { claimCluster, DATABASE } from './claim.js';
import { findCluster, openCluster, removeCluster, urlOf, type Cluster } from './cluster.js';
import { EmbeddedPostgresError, OR_BRING_YOUR_OWN } from './error.js';
import {
  delay,
  findPostmaster,
  freePort,
  startPostmaster,
  stopPostmaster,
  type StartedServer,
} from './postmaster.js';

export { EmbeddedPostgresError };

export interface EmbeddedPostgresOptions {
  /** Keeps the database and its password; made when missing. */
  dataDir: string;
  /** Told what takes time or differs from the usual. */
  log: (message: string) => void;
  /** PostgreSQL's settings that differ from the defaults, for a server that this call starts. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  /** Superuser's connection string of the service's database; it holds the password. */
  url: string;
  /** Ends every session and the server. Its files stay. */
  stop(): Promise<void>;
}

/** Milliseconds a start may take, the recovery after a crash included. */
const START_DEADLINE = 120_000;
/** Milliseconds another process of this data directory is given to end, as it does when it is restarted. */
const CLAIM_PATIENCE = 2_000;
/** Milliseconds between two attempts to start a server that went away. */
const RESTART_PAUSE = 1_000;
/** Milliseconds between two looks at a server that is starting or stopping. */
const POLL = 15;

/**
 * Runs a real PostgreSQL from the npm package on a data directory: makes the database when there is none,
 * takes over a server that a killed process left running, and starts the server again should it end.
 * @throws EmbeddedPostgresError with one sentence that says what to set or do
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL cannot use ${options.dataDir} (${messageOf(error)}): set DATA_DIR to another directory, ${OR_BRING_YOUR_OWN}.`,
      { cause: error },
    );
  }
}

async function start({ dataDir, log, settings = {} }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(dataDir, { sync: settings.fsync !== 'off', log });
  const ending = new AbortController();
  const isEnding = (): boolean => ending.signal.aborted;
  const first = await bringUp(cluster, { settings, signal: ending.signal });
  const { port } = first;

  /** The session that holds the claim; undefined while the server is being started again. */
  let owner: Client | undefined;
  let restoring: Promise<void> = Promise.resolve();
  const watch = (client: Client): void => {
    owner = client;
    client.once('end', () => {
      owner = undefined;
      if (!isEnding()) restoring = restore();
    });
  };
  const restore = async (): Promise<void> => {
    log('The embedded PostgreSQL went away; starting it again.');
    while (!isEnding()) {
      try {
        watch((await bringUp(cluster, { settings, signal: ending.signal, port })).client);
        return;
      } catch (error) {
        if (!isEnding()) log(messageOf(error));
        await delay(RESTART_PAUSE);
      }
    }
  };
  watch(first.client);

  const stop = async (): Promise<void> => {
    ending.abort();
    await restoring;
    const postmaster = await findPostmaster(cluster);
    // Without the claim the server is another process's. With it, the claim is held until the server has
    // gone, so that nobody takes over one that is stopping.
    if (owner !== undefined && postmaster !== undefined) await stopPostmaster(cluster, postmaster);
    await owner?.end();
  };
  let stopped: Promise<void> | undefined;
  return {
    url: urlOf(cluster, port, DATABASE),
    stop: () => (stopped ??= stop()),
  };
}

/** Ends the server of a data directory, whoever started it, and deletes the database for good. */
export async function removeEmbeddedPostgres(dataDir: string): Promise<void> {
  const cluster = await findCluster(dataDir);
  if (cluster === undefined) return;
  const postmaster = await findPostmaster(cluster);
  if (postmaster !== undefined) await stopPostmaster(cluster, postmaster);
  await removeCluster(dataDir, cluster);
}

/** Brings the cluster from whatever state it is in to a running server that this process has claimed. */
async function bringUp(
  cluster: Cluster,
  options: { settings: Record<string, string>; signal: AbortSignal; port?: number },
): Promise<{ client: Client; port: number }> {
  const startedAt = performance.now();
  let server: StartedServer | undefined;
  let busySince: number | undefined;
  let lastFailure = 'it does not answer';
  while (performance.now() - startedAt < START_DEADLINE) {
    const postmaster = await findPostmaster(cluster);
    if (postmaster?.isReady === true) {
      const claim = await claimCluster(cluster, postmaster.port).catch((error: unknown) => {
        throw unusable(cluster, messageOf(error));
      });
      if (claim.state === 'ours') return { client: claim.client, port: postmaster.port };
      if (claim.state === 'taken') {
        busySince ??= performance.now();
        if (performance.now() - busySince > CLAIM_PATIENCE) throw inUse(cluster, claim.holder);
      }
    } else if (postmaster === undefined) {
      const failure = server?.failure();
      if (failure !== undefined) {
        if (!isPassing(failure)) throw unusable(cluster, failure);
        lastFailure = failure;
        server = undefined;
        await delay(POLL);
      }
      if (server === undefined) {
        options.signal.throwIfAborted();
        server = await startPostmaster(cluster, options.port ?? (await freePort()), options.settings);
      }
    }
    await delay(POLL);
  }
  throw unusable(cluster, lastFailure);
}

/**
 * Whether another attempt can succeed: the port was taken in the meantime, another start was first, or the
 * last sessions of a server that was killed have not ended yet.
 */
function isPassing(failure: string): boolean {
  return /could not create any TCP|lock file|shared memory block/.test(failure);
}

function inUse(cluster: Cluster, holder: number | undefined): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `Already running: ${holder === undefined ? 'another process' : `process ${holder}`} uses the database in ${cluster.directory}; stop that one first, or set DATA_DIR to another directory for this one.`,
  );
}

function unusable(cluster: Cluster, reason: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL does not start (${reason}; its log is ${cluster.logFile}): set DATA_DIR to another directory, ${OR_BRING_YOUR_OWN}.`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The superuser's connection string of the service's database while a server runs on a data directory, whoever has
 * started it; undefined when none does.
 */
export async function runningEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  const cluster = await findCluster(dataDir);
  const postmaster = cluster && (await findPostmaster(cluster));
  return cluster && postmaster && urlOf(cluster, postmaster.port, DATABASE);
}
