import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { Columns } from '../../../infrastructure/database/columns.js';
import { eventsAsJson, type EventSubscribers } from '../../../infrastructure/database/event-subscribers.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { isRefusalOfData } from '../../../infrastructure/database/postgres-errors.js';
import type { Actor } from '../../../shared/actor.js';
import { Batcher } from '../../../shared/concurrency/batcher.js';
import { eventsOf } from '../../../shared/domain-event.js';
import { membersLock, rolesWithPermission } from '../../applications/index.js';
import type { ApiKey } from '../domain/api-key.js';
import type { ApiKeyLimits } from '../domain/api-key-limits.js';
import type { ApiKeySecret } from '../domain/api-key-secret.js';
import { apiKeySchema, apiKeySecretSchema } from './api-key.schema.js';

/** While a statement runs, further keys wait and share the next one, and its commit. It waits for nobody's lock. */
const BATCHES = { maxBatches: 1, maxCalls: 50 };

const TODAY = `(now() AT TIME ZONE 'UTC')::date`;
const ISSUED_TODAY = `CASE WHEN issued_on >= ${TODAY} THEN issued ELSE 0 END`;

interface NewKey {
  readonly key: ApiKey;
  readonly limits: ApiKeyLimits;
  readonly actor: Actor;
  readonly policy: object | null;
}

/**
 * Inserts new keys in one round trip, as nearly every key is issued. It reserves the quota as `reserve_issue_quota` does,
 * if the stored counts allow it without counting anew, and checks once more that each actor may issue. Keys that are
 * issued at once share a statement and its commit, and their events are written in it.
 */
export class BatchedApiKeyInserts {
  private readonly pool: Pool;
  private readonly keys: Columns<ApiKey>;
  private readonly secrets: Columns<ApiKeySecret>;
  private readonly calls = new Batcher((requests: readonly NewKey[]) => this.send(requests), BATCHES);
  private statement:
    { readonly subscribers: number; readonly name: string; readonly text: string } | undefined;

  constructor(
    dataSource: DataSource,
    private readonly subscribers: EventSubscribers,
  ) {
    this.pool = poolOf(dataSource);
    this.keys = new Columns(dataSource, apiKeySchema);
    this.secrets = new Columns(dataSource, apiKeySecretSchema);
  }

  /**
   * Returns whether it inserted the key. It does nothing when the keys of the application have to be counted, somebody
   * else is issuing for it or changing its members at the moment, the actor may not issue any more, or the policy that the
   * key was judged by is another one now. The caller then inserts the key in a transaction of its own.
   */
  async insert(key: ApiKey, limits: ApiKeyLimits, actor: Actor, policy: object | null): Promise<boolean> {
    if (key.applicationId === null) return false;
    const done = await this.calls.call(key.applicationId, { key, limits, actor, policy });
    if (done instanceof Error) throw done;
    return done;
  }

  private async send(requests: readonly NewKey[]): Promise<(boolean | Error)[]> {
    try {
      return await this.insertAll(requests);
    } catch (error) {
      if (requests.length === 1 || !isRefusalOfData(error)) throw error;
      // What is wrong with one key must not cost the others theirs. A statement that was refused for what it says has done
      // nothing; one that was ended from outside may have been committed.
      return Promise.all(
        requests.map((request) =>
          this.insertAll([request]).then(
            ([done]) => done === true,
            (reason: unknown) => reason as Error,
          ),
        ),
      );
    }
  }

  private async insertAll(requests: readonly NewKey[]): Promise<boolean[]> {
    const keys = requests.map(({ key }) => key);
    const { name, text, subscribers } = this.currentStatement();
    const values: unknown[] = [
      JSON.stringify(keys.map((key) => this.keys.rowOf(key))),
      JSON.stringify(keys.flatMap((key) => key.secrets.map((secret) => this.secrets.rowOf(secret)))),
      Math.min(...requests.map(({ limits }) => limits.maxActiveKeysPerApplication)),
      Math.min(...requests.map(({ limits }) => limits.maxKeysIssuedPerDay)),
      JSON.stringify(requests.map(({ key: { id }, policy }) => ({ id, policy }))),
    ];
    if (subscribers > 0) {
      values.push(
        eventsAsJson(requests.flatMap(({ key, actor }) => eventsOf(key).map((event) => ({ event, actor })))),
      );
    }
    const { rows } = await this.pool.query<{ id: string }>({ name, text, values });
    const inserted = new Set(rows.map(({ id }) => id));
    return keys.map(({ id }) => inserted.has(id));
  }

  /** Subscribers may register after this object was created, while the service starts. */
  private currentStatement(): NonNullable<typeof this.statement> {
    const { count } = this.subscribers;
    if (this.statement?.subscribers !== count) {
      const text = insertText(this.keys, this.secrets, this.subscribers) + endOf(this.subscribers);
      this.statement = { subscribers: count, name: `insert_api_keys_${count}`, text };
    }
    return this.statement;
  }
}

/**
 * An application that has no room for all of its keys gets none of them. Neither does one whose count is locked: were
 * it waited for, whoever issues for other applications would wait too, and two nodes could deadlock. The same goes for one
 * whose events somebody else is writing, and for the row that makes an actor a member: it is locked, so that whoever removes them waits for this statement,
 * and skipped while somebody is about to. Whoever changes a policy waits for this statement, too, and it asks for the policy
 * after it has taken its place in that queue.
 */
function insertText(
  keys: Columns<ApiKey>,
  secrets: Columns<ApiKeySecret>,
  subscribers: EventSubscribers,
): string {
  const roles = rolesWithPermission('manage-keys')
    .map((role) => `'${role}'`)
    .join(', ');
  return `
    WITH new_key AS MATERIALIZED (SELECT * FROM jsonb_populate_recordset(NULL::api_keys, $1)),
         open AS MATERIALIZED (
           SELECT application_id FROM (SELECT DISTINCT application_id FROM new_key) application
            WHERE ${membersLock.tryShare('application_id')} AND ${subscribers.tryLock('application_id')}
         ),
         actor AS (
           SELECT DISTINCT application_id, created_by_issuer AS issuer, created_by_subject AS subject
             FROM new_key JOIN open USING (application_id)
         ),
         permitted AS MATERIALIZED (
           SELECT actor.* FROM application_members member JOIN actor USING (application_id, issuer, subject)
            WHERE member.role IN (${roles}) FOR SHARE OF member SKIP LOCKED
         ),
         policy AS MATERIALIZED (SELECT application_id, current_policy(application_id) AS current FROM open),
         judged AS MATERIALIZED (
           SELECT new_key.id
             FROM new_key JOIN policy USING (application_id)
             JOIN jsonb_to_recordset($5) AS seen (id uuid, policy jsonb) ON seen.id = new_key.id
            WHERE policy.current IS NOT DISTINCT FROM seen.policy
         ),
         permitted_key AS MATERIALIZED (
           SELECT new_key.* FROM new_key JOIN judged USING (id) JOIN permitted
               ON (new_key.application_id, created_by_issuer, created_by_subject)
                = (permitted.application_id, issuer, subject)
         ),
         asked AS (SELECT application_id, count(*)::integer AS keys FROM permitted_key GROUP BY application_id),
         locked AS MATERIALIZED (
           SELECT counts.application_id, asked.keys
             FROM application_key_counts counts JOIN asked USING (application_id)
            FOR UPDATE OF counts SKIP LOCKED
         ),
         reserved AS (
           UPDATE application_key_counts counts
              SET unrevoked = unrevoked + locked.keys, issued = ${ISSUED_TODAY} + locked.keys,
                  issued_on = greatest(issued_on, ${TODAY})
             FROM locked
            WHERE counts.application_id = locked.application_id AND unrevoked + locked.keys <= $3
              AND issued_on IS NOT NULL AND ${ISSUED_TODAY} + locked.keys <= $4
           RETURNING counts.application_id
         ),
         inserted AS (
           INSERT INTO api_keys (${keys.names})
           SELECT ${keys.namesIn('permitted_key')} FROM permitted_key JOIN reserved USING (application_id) RETURNING id
         ),
         secret AS (
           INSERT INTO api_key_secrets (${secrets.names})
           SELECT ${secrets.namesIn('new_secret')}
             FROM jsonb_populate_recordset(NULL::api_key_secrets, $2) new_secret
             JOIN inserted ON inserted.id = new_secret.api_key_id
         )`;
}

/** Hands the events of those keys that are inserted to whoever subscribes, if anybody does. */
function endOf(subscribers: EventSubscribers): string {
  if (subscribers.count === 0) return ' SELECT id FROM inserted';
  // A CTE that nothing reads is not run: therefore each row reads it.
  return `,
         event AS MATERIALIZED (
           SELECT jsonb_agg(event ORDER BY place) AS events
             FROM jsonb_array_elements($6::jsonb) WITH ORDINALITY AS given (event, place)
            WHERE (event -> 'target' ->> 'id')::uuid IN (SELECT id FROM inserted)
           HAVING count(*) > 0
         ),
         written AS MATERIALIZED (SELECT ${subscribers.selectList('event.events')} FROM event)
    SELECT id, (SELECT count(*) FROM written) FROM inserted`;
}
