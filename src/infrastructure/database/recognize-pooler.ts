import type { Client } from 'pg';

const LOOK = `
  SELECT pg_backend_pid() AS pid, pg_is_in_recovery() AS "isStandby",
         CASE WHEN pg_backend_pid() = $1::int AND $2::text <> '0'
              THEN set_config('statement_timeout', $2, false) ||
                   set_config('idle_in_transaction_session_timeout', $2, false) END`;

type Ask = (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>;

export interface Recognition {
  isPooler: boolean;
  /** Of the server, as it was then. */
  isStandby: boolean;
}

/**
 * Whether a pooler stands between a connection and PostgreSQL. A server names the process that serves a connection
 * when the connection is made, in the key for cancelling its statements, and again when it is asked. A pooler that
 * lends one server connection to many clients cannot know then which one it will lend, and makes up a key of its own.
 * (To compare the processes of two transactions proves nothing: with few clients both may be lent the same one.)
 *
 * A connection without a pooler gets its time-outs in the same round trip. They are no start-up parameters, which a
 * pooler refuses; and behind a pooler they are not set, since whoever is lent that server connection would have them.
 * The server is asked whether it is a standby: a pooler reports what the first server it ever had has reported.
 *
 * @param ask sends a statement over the connection
 * @param timeoutMs of statements and of idle transactions; 0 leaves what the server has
 */
export async function recognizePooler(client: Client, ask: Ask, timeoutMs: number): Promise<Recognition> {
  const { processID } = client as Client & { processID: number | null };
  const { rows } = await ask(LOOK, [processID, String(timeoutMs)]);
  const [{ pid, isStandby }] = rows as [{ pid: number; isStandby: boolean }];
  return { isPooler: pid !== processID, isStandby };
}
