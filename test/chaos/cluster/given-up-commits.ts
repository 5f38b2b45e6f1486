import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from './member.js';

const PAUSE_MS = 20;

/** Has every commit that waits for a standby give up waiting, for so long. */
export async function giveUpCommits(
  leader: Member,
  by: 'pg_cancel_backend' | 'pg_terminate_backend',
  milliseconds: number,
): Promise<void> {
  const line = leader.connection();
  await line.connect();
  try {
    const end = performance.now() + milliseconds;
    while (performance.now() < end) {
      await line.query(
        `SELECT ${by}(pid) FROM pg_stat_activity
          WHERE wait_event = 'SyncRep' AND application_name LIKE 'upblit%'`,
      );
      await sleep(PAUSE_MS);
    }
  } finally {
    await line.end();
  }
}
