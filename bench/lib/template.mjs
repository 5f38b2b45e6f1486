import pg from 'pg';
import { withClient } from './postgres.mjs';

/** The tables a key lies in, in the order in which they refer to each other. */
export const TABLES = ['applications', 'api_keys', 'api_key_secrets'];

/**
 * @typedef {Record<string, Record<string, string | null>>} Template columns and their values as PostgreSQL writes
 * them, by table
 */

/**
 * The rows of one key as the product itself has written them, so that rows made after their model are what it
 * would write, whatever columns it has by now.
 *
 * @param {string} databaseUrl
 * @param {string} keyId
 * @returns {Promise<Template>}
 */
export function readTemplate(databaseUrl, keyId) {
  return withClient(databaseUrl, async (client) => {
    const key = await readRow(client, 'api_keys', 'id', keyId);
    return {
      applications: await readRow(client, 'applications', 'id', key.application_id),
      api_keys: key,
      api_key_secrets: await readRow(client, 'api_key_secrets', 'api_key_id', keyId),
    };
  });
}

async function readRow(client, table, column, value) {
  const { rows: columns } = await client.query(
    `SELECT column_name AS name FROM information_schema.columns
      WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER'
      ORDER BY ordinal_position`,
    [table],
  );
  const list = columns.map(({ name }) => `${pg.escapeIdentifier(name)}::text`).join(', ');
  const { rows } = await client.query(`SELECT ${list} FROM ${table} WHERE ${column} = $1`, [value]);
  return rows[0];
}

/**
 * What the rows of another key hold in place of the template's values.
 *
 * @param {import('./keys.mjs').Entry} entry
 * @returns {Record<string, Record<string, string>>}
 */
export function valuesOf({ keyId, secretId, applicationId, ownerId, name, hint, hash }) {
  return {
    applications: { id: applicationId, owner_subject: ownerId },
    api_keys: { id: keyId, application_id: applicationId, name },
    api_key_secrets: { id: secretId, api_key_id: keyId, hint, hash: `\\x${hash.toString('hex')}` },
  };
}
