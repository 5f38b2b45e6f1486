import { randomBytes } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { KeyFormat } from '../../dist/src/modules/api-keys/domain/key-format.js';
import { KeyHasher } from '../../dist/src/modules/api-keys/domain/key-hasher.js';
import { KeyTags } from '../../dist/src/modules/api-keys/domain/key-tags.js';

/** Keys of one application and its owner. The same for every system under test. */
export const KEYS_PER_OWNER = 10;

/** The pepper all servers and loads of one run share. */
export const pepper = { version: 1, key: randomBytes(32) };

const hasher = new KeyHasher([pepper]);

/**
 * @typedef {object} Entry a key as it lies in the tables
 * @property {string | undefined} key the plaintext, of the keys that are verified
 * @property {string} keyId
 * @property {string} secretId
 * @property {string} applicationId
 * @property {string} ownerId
 * @property {string} name
 * @property {string} hint
 * @property {Buffer} hash
 */

/**
 * Makes `total` keys, ten to an application and each application of an owner of its own. Only `wanted` of
 * them, spread evenly, are real ones that can be verified; the hashes of the others are random bytes, which
 * is what an HMAC looks like to an index.
 *
 * @param {number} total
 * @param {number} wanted
 * @returns {Generator<Entry>}
 */
export function* makeEntries(total, wanted) {
  const stride = total / wanted;
  let made = 0;
  let applicationId = '';
  let ownerId = '';
  for (let index = 0; index < total; index += 1) {
    if (index % KEYS_PER_OWNER === 0) {
      applicationId = uuidv7();
      ownerId = uuidv7();
    }
    const real = index >= made * stride && made < wanted;
    if (real) made += 1;
    yield {
      ...(real ? realSecret() : madeUpSecret()),
      keyId: uuidv7(),
      secretId: uuidv7(),
      applicationId,
      ownerId,
      name: `Key ${index % KEYS_PER_OWNER}`,
    };
  }
}

/** A key nobody knows, and nobody can verify. */
export function madeUpSecret() {
  return { key: undefined, hint: 'upblit_live_…0000', hash: randomBytes(32) };
}

function realSecret() {
  const plaintext = new KeyFormat().generate('live', hasher.tags);
  return { key: plaintext.reveal(), hint: plaintext.hint, hash: hasher.hash(plaintext).bytes };
}

/** Keys of the right form and checksum, as somebody makes them up who has not the pepper. @param {number} count */
export function forgedKeys(count) {
  const tags = new KeyTags([{ version: 1, key: randomBytes(32) }]);
  return Array.from({ length: count }, () => new KeyFormat().generate('live', tags).reveal());
}

const verifier = new KeyFormat().generate('service', hasher.tags);

/** How the services of the benchmarks show that they may verify: contestants that ask for nothing get it, too. */
export const AS_SERVICE = { Authorization: `Bearer ${verifier.reveal()}` };

/** Puts the service key behind it into a database of the product. @param {import('pg').Client} client */
export async function insertServiceKey(client) {
  const keyId = uuidv7();
  await client.query(
    `INSERT INTO api_keys (id, application_id, name, environment, scopes, metadata, enabled, created_at,
                           created_by_issuer, created_by_subject, version, tags, ip_allowlist, rate_limits, metered)
     VALUES ($1, NULL, 'the benchmark', 'service', '{keys:verify}', '{}', true, now(),
             'system', 'operator', 1, '{}', '{}', '[]', false)`,
    [keyId],
  );
  await client.query(
    `INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, tag_version, hint, created_at)
     VALUES ($1, $2, $3, $4, $4, $5, now())`,
    [uuidv7(), keyId, hasher.hash(verifier).bytes, pepper.version, verifier.hint],
  );
}

/** What a verification of it answers, but for `valid` and `code`. @param {Entry} entry */
export function recordOf({ keyId, applicationId, ownerId, name }) {
  return {
    keyId,
    applicationId,
    ownerId,
    name,
    environment: 'live',
    scopes: [],
    metadata: {},
    expiresAt: null,
  };
}
