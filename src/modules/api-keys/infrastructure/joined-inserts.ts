import { DatabaseError, type Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { Columns } from '../../../infrastructure/database/columns.js';
import { poolOf } from '../../../infrastructure/database/pool.js';
import { Batcher } from '../../../shared/concurrency/batcher.js';
import type { ApiKey } from '../domain/api-key.js';
import type { ApiKeySecret } from '../domain/api-key-secret.js';
import { apiKeySchema, apiKeySecretSchema } from './api-key.schema.js';

/** Keys that come while a statement is under way share the next one, and its commit. It waits for nobody's lock. */
const JOINED = { maxBatches: 1, maxCalls: 50 };

interface NewKey {
  readonly key: ApiKey;
  readonly maxActive: number;
}

/**
 * Inserts new keys in one round trip, as nearly every key is issued: takes the turn that `take_turn_to_issue` would
 * give, if the bound allows it without a count. Keys that are issued at once share a statement and its commit.
 */
export class JoinedInserts {
  private readonly pool: Pool;
  private readonly keys: Columns<ApiKey>;
  private readonly secrets: Columns<ApiKeySecret>;
  private readonly text: string;
  private readonly calls = new Batcher((requests: readonly NewKey[]) => this.send(requests), JOINED);

  constructor(dataSource: DataSource) {
    this.pool = poolOf(dataSource);
    this.keys = new Columns(dataSource, apiKeySchema);
    this.secrets = new Columns(dataSource, apiKeySecretSchema);
    this.text = insertText(this.keys, this.secrets);
  }

  /**
   * Answers whether it did. It does nothing when the keys of the application have to be counted, or another node is
   * issuing for it at the moment: the key then has to take its turn alone.
   */
  async insert(key: ApiKey, maxActive: number): Promise<boolean> {
    const done = await this.calls.call(key.applicationId, { key, maxActive });
    if (done instanceof Error) throw done;
    return done;
  }

  private async send(requests: readonly NewKey[]): Promise<(boolean | Error)[]> {
    try {
      return await this.insertAll(requests);
    } catch (error) {
      if (requests.length === 1 || !(error instanceof DatabaseError)) throw error;
      // What is wrong with one key must not cost the others theirs. A statement that was refused has done nothing.
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
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'insert_api_keys',
      text: this.text,
      values: [
        JSON.stringify(keys.map((key) => this.keys.rowOf(key))),
        JSON.stringify(keys.flatMap((key) => key.secrets.map((secret) => this.secrets.rowOf(secret)))),
        Math.min(...requests.map(({ maxActive }) => maxActive)),
      ],
    });
    const inserted = new Set(rows.map(({ id }) => id));
    return keys.map(({ id }) => inserted.has(id));
  }
}

/**
 * An application that has no room for all of its keys gets none of them. Neither does one whose count is locked: were
 * it waited for, whoever issues for other applications would wait too, and two nodes perhaps for each other.
 */
function insertText(keys: Columns<ApiKey>, secrets: Columns<ApiKeySecret>): string {
  return `
    WITH new_key AS MATERIALIZED (SELECT * FROM jsonb_populate_recordset(NULL::api_keys, $1)),
         asked AS (SELECT application_id, count(*)::integer AS keys FROM new_key GROUP BY application_id),
         locked AS MATERIALIZED (
           SELECT counts.application_id, asked.keys
             FROM application_key_counts counts JOIN asked USING (application_id)
            FOR UPDATE OF counts SKIP LOCKED
         ),
         turn AS (
           UPDATE application_key_counts counts SET unrevoked = unrevoked + locked.keys FROM locked
            WHERE counts.application_id = locked.application_id AND unrevoked + locked.keys <= $3
           RETURNING counts.application_id
         ),
         inserted AS (
           INSERT INTO api_keys (${keys.names})
           SELECT ${keys.namesIn('new_key')} FROM new_key JOIN turn USING (application_id) RETURNING id
         ),
         secret AS (
           INSERT INTO api_key_secrets (${secrets.names})
           SELECT ${secrets.namesIn('new_secret')}
             FROM jsonb_populate_recordset(NULL::api_key_secrets, $2) new_secret
             JOIN inserted ON inserted.id = new_secret.api_key_id
         )
    SELECT id FROM inserted`;
}
