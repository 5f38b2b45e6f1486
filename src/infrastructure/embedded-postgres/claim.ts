import { Client, DatabaseError } from 'pg';
import { urlOf, type Cluster } from './cluster.js';

/** The advisory lock by which one process has a cluster to itself; any number nothing else uses. */
const CLAIM = 7_305_808_868;

/** The database of the service in its cluster. */
export const DATABASE = 'upblit';

export type Claim =
  /** The claim ends with this session, however this process ends. */
  | { state: 'ours'; client: Client }
  /** Process id of who has it, where that can be told. */
  | { state: 'taken'; holder: number | undefined }
  /** The server is starting, stopping or just gone. */
  | { state: 'not ready' };

/** Takes the cluster for this process and makes the service's database when it is missing. */
export async function claimCluster(cluster: Cluster, port: number): Promise<Claim> {
  const client = new Client({
    connectionString: urlOf(cluster, port, 'postgres'),
    ssl: false,
    application_name: `upblit owner ${process.pid}`,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // Without a listener a server that goes away would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ claimed: boolean }>('SELECT pg_try_advisory_lock($1) AS claimed', [
      CLAIM,
    ]);
    if (rows[0]?.claimed === true) {
      await createDatabase(client);
      return { state: 'ours', client };
    }
    const holder = await client.query<{ application_name: string }>(
      `SELECT application_name FROM pg_stat_activity WHERE pid IN
         (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
           AND (classid::bigint << 32 | objid::bigint) = $1::bigint)`,
      [CLAIM],
    );
    await client.end();
    const pid = Number(holder.rows[0]?.application_name.split(' ').at(-1));
    return { state: 'taken', holder: Number.isInteger(pid) ? pid : undefined };
  } catch (error) {
    await client.end().catch(() => undefined);
    if (isPassing(error)) return { state: 'not ready' };
    throw error;
  }
}

async function createDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
}

function isPassing(error: unknown): boolean {
  // 57P01 to 57P03: shut down, crashed, not yet or no longer taking connections.
  if (error instanceof DatabaseError) return error.code?.startsWith('57P') === true;
  return true;
}
