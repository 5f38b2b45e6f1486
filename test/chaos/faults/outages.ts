import { setTimeout as sleep } from 'node:timers/promises';
import type { Clients } from '../clients.js';
import type { DatabaseUnderTest } from '../database-under-test.js';

const POLL_MS = 20;

/** A time in which the database, asked directly, committed nothing. */
export interface Outage {
  /** Milliseconds since the run began. */
  began: number;
  /** When it committed again; undefined when it has not. */
  ended?: number;
  /** When the service acknowledged a change after that. */
  serviceBack?: number;
}

/** Watches when the database commits, and when the service does again after it did not. */
export async function watchOutages(
  database: DatabaseUnderTest,
  clients: Clients,
  over: AbortSignal,
  outages: Outage[],
): Promise<void> {
  let current: Outage | undefined;
  while (!over.aborted) {
    const asked = clients.now();
    const isWritable = await database.isWritable();
    if (isWritable && current !== undefined) {
      current.ended = clients.now();
      current = undefined;
    } else if (!isWritable && current === undefined) {
      current = { began: asked };
      outages.push(current);
    }
    for (const outage of outages) {
      if (outage.ended !== undefined && clients.lastChange >= outage.ended)
        outage.serviceBack ??= clients.lastChange;
    }
    await sleep(POLL_MS);
  }
}
