import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { makeEntries } from './keys.mjs';
import { withClient } from './postgres.mjs';
import { issueKeys, makeApplications, startProduct } from './product.mjs';
import { readTemplate, TABLES, valuesOf } from './template.mjs';

/** Rows that are handed to COPY at once. */
const BATCH = 5000;

/**
 * Fills the tables by COPY with `total` keys, of which `wanted` are real ones, and gives those. One more is
 * issued by the product first, as the model of their rows.
 *
 * @param {import('../run.mjs').Context} context
 * @param {string} databaseUrl of a database that has the product's tables
 * @param {number} total
 * @param {number} wanted
 * @returns {Promise<import('./keys.mjs').Entry[]>}
 */
export async function loadKeys(context, databaseUrl, total, wanted) {
  const template = await issueTemplate(context, databaseUrl);
  const copies = TABLES.map((table) => openCopy(databaseUrl, table, template[table]));
  const [applications, keys, secrets] = copies;
  const real = [];
  let lastApplication = '';
  let loaded = 0;
  for (const entry of makeEntries(total, wanted)) {
    const values = valuesOf(entry);
    if (entry.applicationId !== lastApplication) applications.add(values.applications);
    lastApplication = entry.applicationId;
    keys.add(values.api_keys);
    secrets.add(values.api_key_secrets);
    if (entry.key !== undefined) real.push(entry);
    loaded += 1;
    if (loaded % BATCH === 0) await Promise.all(copies.map((copy) => copy.flush()));
    if (loaded % 500_000 === 0) context.say(`loaded ${loaded / 1e6} of ${total / 1e6} million keys`);
  }
  await Promise.all(copies.map((copy) => copy.end()));
  await withClient(databaseUrl, async (client) => {
    await client.query('VACUUM ANALYZE');
    await client.query('CHECKPOINT');
  });
  return real;
}

async function issueTemplate(context, databaseUrl) {
  const server = await startProduct(context, { name: 'template', databaseUrl });
  const owner = await makeApplications(server, 1);
  const [{ id }] = await issueKeys(server, owner, 1);
  await server.stop();
  return readTemplate(databaseUrl, id);
}

/** A COPY into one table, of rows that differ from the template in some columns. */
function openCopy(databaseUrl, table, template) {
  const columns = Object.keys(template);
  const source = new PassThrough();
  const finished = withClient(databaseUrl, async (client) => {
    // The tables come over three connections, each its own transaction: no foreign key could be checked yet.
    await client.query('SET session_replication_role = replica');
    await pipeline(source, client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN`)));
  });
  finished.catch(() => undefined); // It is looked at below, whenever that comes.
  let rows = '';
  const flush = async () => {
    const text = rows;
    rows = '';
    if (text !== '' && !source.write(text)) await Promise.race([once(source, 'drain'), finished]);
  };
  return {
    add: (values) => {
      rows += `${columns.map((column) => copyText(values[column] ?? template[column])).join('\t')}\n`;
    },
    flush,
    end: async () => {
      await flush();
      source.end();
      await finished;
    },
  };
}

const ESCAPES = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A value in COPY's text format. @param {string | null} value */
function copyText(value) {
  return value === null ? '\\N' : value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]);
}
