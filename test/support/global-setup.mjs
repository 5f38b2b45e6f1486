import { chmod, lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './typescript.mjs';

const PREFIX = 'upblit-test-';

/**
 * Starts one throw-away PostgreSQL for the whole run, which trades durability for speed, and tells the test
 * files where it is by TEST_DATABASE_URL. Each file makes a database of its own in it.
 */
export default async function globalSetup() {
  const { startEmbeddedPostgres, removeEmbeddedPostgres } =
    await import('../../src/infrastructure/embedded-postgres/index.ts');
  await removeLeftovers(removeEmbeddedPostgres);
  const directory = await mkdtemp(join(tmpdir(), PREFIX));
  await chmod(directory, 0o711);
  await writeFile(join(directory, 'pid'), String(process.pid));
  const postgres = await startEmbeddedPostgres({
    dataDir: directory,
    log: () => undefined,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '300',
    },
  });
  process.env.TEST_DATABASE_URL = postgres.url;
  globalThis.stopTestPostgres = async () => {
    await postgres.stop();
    await removeEmbeddedPostgres(directory);
    await rm(directory, { recursive: true, force: true });
  };
}

/** A run that was killed leaves its server and its directory; the next one of the same user clears them. */
async function removeLeftovers(removeEmbeddedPostgres) {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const directory = join(tmpdir(), name);
    try {
      const { uid } = await lstat(directory);
      if (
        uid !== (process.getuid?.() ?? uid) ||
        isAlive(Number(await readFile(join(directory, 'pid'), 'utf8')))
      )
        continue;
      await removeEmbeddedPostgres(directory);
      await rm(directory, { recursive: true, force: true });
    } catch {
      // Another run is clearing or just making it.
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
