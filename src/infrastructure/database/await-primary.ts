import { setTimeout as sleep } from 'node:timers/promises';
import { isError } from '../is-error.js';

/** Milliseconds for which a start waits for the primary: a failover, or a recovery after a crash, takes less. */
const PRIMARY_WAIT_MS = 60_000;
/** Milliseconds between two attempts. */
const RETRY_MS = 500;

/** Shutting down, crashed, starting up or recovering, and read only: SQLSTATEs of a server that is changing its part. */
const CHANGING = new Set(['57P01', '57P02', '57P03', '25006']);

export interface PrimaryWait {
  /** Called once when there is something to wait for. */
  log: (message: string) => void;
  waitMs?: number | undefined;
}

/**
 * Does what needs the primary, and does it again while the server is a standby, starts, or is about to end: where a
 * failover is under way, a connection may lead to any of these. `work` begins anew each time. An error of any other kind,
 * such as a server that is out of reach or a wrong password, is thrown at once, and so is the last one after `waitMs`.
 */
export async function awaitPrimary<T>(
  work: () => Promise<T>,
  { log, waitMs = PRIMARY_WAIT_MS }: PrimaryWait,
): Promise<T> {
  const deadline = performance.now() + waitMs;
  let isTold = false;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isChanging(error) || performance.now() >= deadline) throw error;
      if (!isTold) log(`Waiting up to ${waitMs / 1000} s for the primary of the database: ${error.message}`);
      isTold = true;
      await sleep(RETRY_MS);
    }
  }
}

function isChanging(error: unknown): error is Error {
  return isError(error) && 'code' in error && CHANGING.has(String(error.code));
}
