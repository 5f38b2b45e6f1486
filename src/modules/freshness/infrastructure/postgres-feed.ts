import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Notification } from 'pg';
import { PooledClient } from '../../../infrastructure/database/pooled-client.js';
import { fromDatabaseError } from '../../../infrastructure/database/postgres-errors.js';
import {
  FeedUnreachable,
  type Acknowledgement,
  type ChangeFeed,
  type FeedAnswer,
  type FeedListener,
  type FreshnessLog,
  type Renewal,
} from '../application/ports.js';
import type { Change } from '../domain/change.js';
import { PROOF, SELECT_NODES, type SnapshotRow } from './rows.js';

/** Rows of changes worth reading: a node that missed more forgets its cache instead. */
const MOST_CHANGES = 5000;
/** Connecting takes several round trips and a password; a short lease is no reason to give up on it. */
const LEAST_CONNECT_MS = 2000;
/** Long enough for a notification that comes at all. */
const LISTENING_TEST_MS = 2000;

const WITHOUT_NOTIFICATIONS =
  'Revocations hold all the same, but each takes up to a quarter of VERIFY_LEASE_MS longer to be answered.';

const RENEW = `
  INSERT INTO freshness_nodes AS node (id, renewal, applied, lease_ms, renewed_at)
  VALUES ($1, $2, $3, $4, clock_timestamp())
  ON CONFLICT (id) DO UPDATE
    SET renewal = excluded.renewal, applied = excluded.applied, lease_ms = excluded.lease_ms,
        renewed_at = excluded.renewed_at
    -- A renewal that was given up, and arrives after a later one, changes nothing.
    WHERE node.renewal < excluded.renewal`;

// Nobody need wait for the disk: a crash that undoes this makes others wait for what was applied already. (A renewal
// that was undone would be a lease nobody knows of.)
const ACKNOWLEDGE = `
  WITH quickly AS (SELECT set_config('synchronous_commit', 'off', true)),
       told AS (UPDATE freshness_nodes SET applied = $3 WHERE id = $1 AND renewal = $2 RETURNING id)
  SELECT pg_notify('freshness_applied', '') FROM quickly, told`;

// One statement, one snapshot: the changes go up to the number that comes with them.
const READ = `
  SELECT number::float8 AS last,
         (${SELECT_NODES}) AS nodes,
         (SELECT coalesce(json_agg(json_build_object('number', number, 'kind', kind, 'id', id) ORDER BY number), '[]')
            FROM (SELECT number, kind, id FROM key_changes WHERE $1::bigint > 0 AND number >= $1 AND kind <> '${PROOF}'
                   ORDER BY number LIMIT ${MOST_CHANGES + 1}) AS feed) AS changes
    FROM key_change_counter`;

export interface PostgresFeedOptions {
  url: string;
  leaseMs: number;
  /** Sends a notification over another connection, to see whether it comes in over this one. */
  notify(channel: string, payload: string): Promise<void>;
  log: FreshnessLog;
}

/**
 * The line of one node: a connection of its own for renewals and notifications, so that no crowd of requests can
 * cost the node its lease. When it breaks, or does not answer in time, the next renewal opens another.
 */
export class PostgresFeed implements ChangeFeed {
  private listener: FeedListener | undefined;
  private line: Line | undefined;
  private toldOfListening = false;
  private listeningTest: Promise<void> = Promise.resolve();
  private readonly left = new AbortController();

  constructor(private readonly options: PostgresFeedOptions) {}

  listen(listener: FeedListener): void {
    this.listener = listener;
  }

  renew({ node, renewal, applied, leaseMs }: Renewal): Promise<FeedAnswer> {
    return this.call(async (client) => {
      // Two statements in one round trip, each a transaction of its own, run by the server one after the other: the
      // renewal is committed when the changes are read.
      const [, answer] = await Promise.all([
        client.query(RENEW, [node, renewal, applied, leaseMs]),
        readChanges(client, applied),
      ]);
      return answer;
    });
  }

  read(applied: number): Promise<FeedAnswer> {
    return this.call((client) => readChanges(client, applied));
  }

  async acknowledge({ node, renewal, applied }: Acknowledgement): Promise<void> {
    await this.call((client) => client.query(ACKNOWLEDGE, [node, renewal, applied]));
  }

  async leave(node: string): Promise<void> {
    this.left.abort();
    await Promise.all([this.takeOff(node), this.listeningTest]);
  }

  private async takeOff(node: string): Promise<void> {
    const { line } = this;
    if (line === undefined) return;
    try {
      await line.within(this.options.leaseMs, async (client) => {
        await client.query('DELETE FROM freshness_nodes WHERE id = $1', [node]);
        await client.end();
      });
    } catch {
      // The others wait until our lease has run out.
    } finally {
      this.hangUp();
    }
  }

  private async call<T>(work: (client: PooledClient) => Promise<T>): Promise<T> {
    try {
      const line = (this.line ??= await this.connect());
      return await line.within(this.options.leaseMs, work);
    } catch (error) {
      this.hangUp();
      throw isUnavailable(error) ? new FeedUnreachable(describe(error), { cause: error }) : error;
    }
  }

  private async connect(): Promise<Line> {
    const { url, leaseMs } = this.options;
    const line = new Line(url);
    line.client.on('notification', (message) => {
      this.heard(message);
    });
    line.onBroken(() => {
      if (this.line !== line) return;
      this.line = undefined;
      this.listener?.lost();
    });
    try {
      const isListening = await line.within(Math.max(leaseMs, LEAST_CONNECT_MS), async (client) => {
        await client.connect();
        if (client.isBehindPooler) return false;
        await client.query('LISTEN freshness_changed');
        await client.query('LISTEN freshness_applied');
        return true;
      });
      if (isListening) this.listeningTest = this.testListening(line);
      else this.tellOfPooler();
      return line;
    } catch (error) {
      line.cut();
      throw error;
    }
  }

  private hangUp(): void {
    const { line } = this;
    this.line = undefined;
    line?.cut();
  }

  private heard({ channel, payload }: Notification): void {
    if (channel === 'freshness_changed') this.listener?.changed(Number(payload));
    else this.listener?.acknowledged();
  }

  /**
   * To LISTEN would leave a server connection behind that listens for whoever is lent it next, and nothing would ever
   * be heard here. Lease and changes need no more than transactions, so they go the same way.
   */
  private tellOfPooler(): void {
    if (this.toldOfListening) return;
    this.toldOfListening = true;
    this.options.log.warn(
      'The lease is renewed through a connection pooler, which passes no notifications on: set DATABASE_DIRECT_URL to ' +
        'the database itself. ' +
        WITHOUT_NOTIFICATIONS,
    );
  }

  /** Whatever stands in between: a LISTEN that succeeded is no proof that anything is ever heard. */
  private async testListening(line: Line): Promise<void> {
    if (this.toldOfListening) return;
    const token = randomUUID();
    const arrived = new Set<string | undefined>();
    const listen = ({ payload }: Notification): void => {
      arrived.add(payload);
    };
    line.client.on('notification', listen);
    try {
      await this.options.notify('freshness_applied', token);
      await sleep(LISTENING_TEST_MS, undefined, { ref: false, signal: this.left.signal });
    } catch {
      return;
    } finally {
      line.client.off('notification', listen);
    }
    if (arrived.has(token) || this.line !== line) return;
    this.toldOfListening = true;
    this.options.log.warn(
      `Notifications of the database do not arrive: is there a pooler in between? ${WITHOUT_NOTIFICATIONS}`,
    );
  }
}

async function readChanges(client: Client, applied: number): Promise<FeedAnswer> {
  const { rows } = await client.query<SnapshotRow & { changes: Change[] }>(READ, [applied]);
  const [row] = rows;
  if (row === undefined) throw new Error('key_change_counter has lost its row');
  return row.changes.length > MOST_CHANGES ? { ...row, changes: [] } : row;
}

function isUnavailable(error: unknown): boolean {
  return fromDatabaseError(error)?.code === 'service_unavailable';
}

/** An error of several addresses tried in turn has a code and no message. */
function describe(error: unknown): string {
  const { message, code } = error as Error & { code?: string };
  return message === '' ? (code ?? 'unknown error') : message;
}

/** A connection that is cut off when it does not answer in time. */
class Line {
  readonly client: PooledClient;

  constructor(url: string) {
    this.client = new PooledClient({
      connectionString: url,
      application_name: 'upblit freshness',
      // Sends a statement without waiting for the answer to the one before it.
      pipeline: true,
      keepAlive: true,
    });
  }

  onBroken(callback: () => void): void {
    this.client.once('end', callback);
  }

  within<T>(ms: number, work: (client: PooledClient) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.cut();
        reject(new Error('timeout expired'));
      }, ms);
      work(this.client)
        .finally(() => {
          clearTimeout(timer);
        })
        .then(resolve, reject);
    });
  }

  cut(): void {
    this.client.cut();
  }
}
