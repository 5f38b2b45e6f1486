import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Notification } from 'pg';
import { PooledClient } from '../../../infrastructure/database/pooled-client.js';
import { fromDatabaseError } from '../../../infrastructure/database/postgres-errors.js';
import { withDeadline } from '../../../shared/concurrency/deadline.js';
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
import { MAX_CHANGES, PROOF, SELECT_NODES, type SnapshotRow } from './freshness-sql.js';

/** Connecting takes several round trips and a password; a short lease is no reason to give up on it. */
const MIN_CONNECT_MS = 2000;
/** Long enough for a notification that comes at all. */
const LISTENING_TEST_MS = 2000;

const WITHOUT_NOTIFICATIONS =
  'Revocations hold all the same, but each takes up to a quarter of VERIFY_LEASE_MS longer to be answered.';

/** The older renewals of a node that its next one deletes: more than were ever given up one after the other. */
const MAX_REPLACED = 20;

// What a node says it has applied counts only if it is in this feed: not if the database was put back to an earlier
// state since, and has given the number to another change.
const IS_IN_FEED = `EXISTS (SELECT FROM key_changes WHERE number = $3 AND kind = '${PROOF}' AND id = $4)`;

// A renewal that was given up, and arrives after a later one, changes nothing: the highest one counts.
export const RENEW = `
  WITH registered AS (INSERT INTO freshness_nodes (id, lease_ms) VALUES ($1, $5) ON CONFLICT (id) DO NOTHING),
       replaced AS (DELETE FROM freshness_renewals WHERE node = $1 AND renewal >= $2::bigint - ${MAX_REPLACED} AND renewal < $2)
  INSERT INTO freshness_renewals (node, renewal, applied, renewed_at)
  SELECT $1, $2, CASE WHEN ${IS_IN_FEED} THEN $3 ELSE 0 END, clock_timestamp()`;

// Nobody need wait for the disk: a crash that undoes this makes others wait for what was applied already. (A renewal
// that was undone would be a lease nobody knows of.)
const ACKNOWLEDGE = `
  WITH quickly AS (SELECT set_config('synchronous_commit', 'off', true)),
       told AS (UPDATE freshness_renewals SET applied = $3 WHERE node = $1 AND renewal = $2 AND ${IS_IN_FEED}
                RETURNING node)
  SELECT pg_notify('freshness_applied', '') FROM quickly, told`;

// One statement, one snapshot: the changes go up to the number that comes with them.
export const READ = `
  SELECT number::float8 AS last, proof,
         (${SELECT_NODES}) AS nodes,
         (SELECT coalesce(json_agg(json_build_object('number', number, 'kind', kind, 'id', id) ORDER BY number), '[]')
            FROM (SELECT number, kind, id FROM key_changes
                   WHERE number >= $1 AND kind <> '${PROOF}'
                     AND EXISTS (SELECT FROM key_changes WHERE number = $1 AND kind = '${PROOF}' AND id = $2)
                   ORDER BY number LIMIT ${MAX_CHANGES + 1}) AS feed) AS changes
    FROM key_change_counter
    LEFT JOIN (SELECT number, id AS proof FROM key_changes WHERE kind = '${PROOF}') AS proofs USING (number)
   LIMIT 1`;

const LEAVE = `
  WITH renewals AS (DELETE FROM freshness_renewals WHERE node = $1)
  DELETE FROM freshness_nodes WHERE id = $1`;

export interface PostgresFeedOptions {
  url: string;
  leaseMs: number;
  /** Sends a notification over another connection, to see whether it comes in over this one. */
  notify(channel: string, payload: string): Promise<void>;
  log: FreshnessLog;
}

/**
 * One node's own connection for renewals and notifications, so that no crowd of requests can
 * cost the node its lease. When it breaks, or does not answer in time, the next renewal opens another.
 */
export class PostgresFeed implements ChangeFeed {
  private listener: FeedListener | undefined;
  private connection: Connection | undefined;
  private toldOfListening = false;
  private listeningTest: Promise<void> = Promise.resolve();
  private readonly left = new AbortController();
  /** Of the changes that a read ended with: what tells each from another one of its number. */
  private proofs: { number: number; proof: string | null }[] = [];

  constructor(private readonly options: PostgresFeedOptions) {}

  listen(listener: FeedListener): void {
    this.listener = listener;
  }

  renew({ node, renewal, applied, leaseMs }: Renewal): Promise<FeedAnswer> {
    return this.call(async (client) => {
      // Two statements in one round trip, each a transaction of its own, run by the server one after the other: the
      // renewal is committed when the changes are read.
      const [, answer] = await Promise.all([
        client.query(RENEW, [node, renewal, applied, this.proofOf(applied), leaseMs]),
        this.readChanges(client, applied),
      ]);
      return answer;
    });
  }

  read(applied: number): Promise<FeedAnswer> {
    return this.call((client) => this.readChanges(client, applied));
  }

  async acknowledge({ node, renewal, applied }: Acknowledgement): Promise<void> {
    await this.call((client) => client.query(ACKNOWLEDGE, [node, renewal, applied, this.proofOf(applied)]));
  }

  async leave(node: string): Promise<void> {
    this.left.abort();
    await Promise.all([this.takeOff(node), this.listeningTest]);
  }

  private async takeOff(node: string): Promise<void> {
    const { connection } = this;
    if (connection === undefined) return;
    try {
      await connection.within(this.options.leaseMs, async (client) => {
        await client.query(LEAVE, [node]);
        await client.end();
      });
    } catch {
      // The others wait until our lease has run out.
    } finally {
      this.disconnect();
    }
  }

  private async call<T>(work: (client: PooledClient) => Promise<T>): Promise<T> {
    try {
      const connection = (this.connection ??= await this.connect());
      return await connection.within(this.options.leaseMs, work);
    } catch (error) {
      this.disconnect();
      throw isUnavailable(error) ? new FeedUnreachable(describe(error), { cause: error }) : error;
    }
  }

  private async readChanges(client: PooledClient, applied: number): Promise<FeedAnswer> {
    const { rows } = await client.query<SnapshotRow & { proof: string | null; changes: Change[] }>(READ, [
      applied,
      this.proofOf(applied),
    ]);
    const [row] = rows;
    if (row === undefined) throw new Error('key_changes has lost its last row');
    const { last, proof, nodes, changes } = row;
    // An answer that comes too late is not applied, and the node goes on from the one before it.
    this.proofs = [
      ...this.proofs.filter(({ number }) => number >= applied && number !== last),
      { number: last, proof },
    ];
    return { last, nodes, changes: changes.length > MAX_CHANGES ? [] : changes };
  }

  private proofOf(applied: number): string | null {
    return this.proofs.find(({ number }) => number === applied)?.proof ?? null;
  }

  private async connect(): Promise<Connection> {
    const { url, leaseMs } = this.options;
    const connection = new Connection(url);
    connection.client.on('notification', (message) => {
      this.onNotification(message);
    });
    connection.onBroken(() => {
      if (this.connection !== connection) return;
      this.connection = undefined;
      this.listener?.lost();
    });
    try {
      const isListening = await connection.within(Math.max(leaseMs, MIN_CONNECT_MS), async (client) => {
        await client.connect();
        if (client.isBehindPooler) return false;
        await client.query('LISTEN freshness_changed');
        await client.query('LISTEN freshness_applied');
        return true;
      });
      if (isListening) this.listeningTest = this.testListening(connection);
      else this.tellOfPooler();
      return connection;
    } catch (error) {
      connection.cut();
      throw error;
    }
  }

  private disconnect(): void {
    const { connection } = this;
    this.connection = undefined;
    connection?.cut();
  }

  private onNotification({ channel, payload }: Notification): void {
    if (channel === 'freshness_changed') this.listener?.changed(Number(payload));
    else this.listener?.acknowledged();
  }

  /**
   * To LISTEN would leave a server connection behind that listens for whoever is lent it next, and nothing would ever
   * arrive here. Lease and changes need no more than transactions, so they go the same way.
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

  /** Whatever stands in between: a LISTEN that succeeded is no proof that anything ever arrives. */
  private async testListening(connection: Connection): Promise<void> {
    if (this.toldOfListening) return;
    const token = randomUUID();
    const arrived = new Set<string | undefined>();
    const listen = ({ payload }: Notification): void => {
      arrived.add(payload);
    };
    connection.client.on('notification', listen);
    try {
      await this.options.notify('freshness_applied', token);
      await sleep(LISTENING_TEST_MS, undefined, { ref: false, signal: this.left.signal });
    } catch {
      return;
    } finally {
      connection.client.off('notification', listen);
    }
    if (arrived.has(token) || this.connection !== connection) return;
    this.toldOfListening = true;
    this.options.log.warn(
      `Notifications of the database do not arrive: is there a pooler in between? ${WITHOUT_NOTIFICATIONS}`,
    );
  }
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
class Connection {
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

  async within<T>(ms: number, work: (client: PooledClient) => Promise<T>): Promise<T> {
    return withDeadline(work(this.client), ms, () => {
      this.cut();
      return new Error('timeout expired');
    });
  }

  cut(): void {
    this.client.cut();
  }
}
