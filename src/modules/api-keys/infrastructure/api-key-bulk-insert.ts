import type { DataSource, EntityManager } from 'typeorm';
import { Columns } from '../../../infrastructure/database/columns.js';
import type { ApiKey } from '../domain/api-key.js';
import type { ApiKeySecret } from '../domain/api-key-secret.js';
import { apiKeySchema, apiKeySecretSchema } from './api-key.schema.js';

/** Keys in one statement. Between two of them others get their turn. */
const SLICE = 50;

/**
 * Inserts many keys with their secrets. TypeORM would make one statement of tens of thousands of parameters, and keep
 * the process from everything else for some hundred milliseconds.
 */
export class ApiKeyBulkInsert {
  private readonly keys: Columns<ApiKey>;
  private readonly secrets: Columns<ApiKeySecret>;

  constructor(dataSource: DataSource) {
    this.keys = new Columns(dataSource, apiKeySchema);
    this.secrets = new Columns(dataSource, apiKeySecretSchema);
  }

  async insert(keys: readonly ApiKey[], manager: EntityManager): Promise<void> {
    for (let from = 0; from < keys.length; from += SLICE) {
      const slice = keys.slice(from, from + SLICE);
      await manager.query(insertInto('api_keys', this.keys.names), [
        JSON.stringify(slice.map((key) => this.keys.rowOf(key))),
      ]);
      await manager.query(insertInto('api_key_secrets', this.secrets.names), [
        JSON.stringify(slice.flatMap(({ secrets }) => secrets.map((secret) => this.secrets.rowOf(secret)))),
      ]);
    }
  }
}

function insertInto(table: string, columns: string): string {
  return `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(NULL::${table}, $1)`;
}
