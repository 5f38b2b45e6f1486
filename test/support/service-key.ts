import { Client } from 'pg';
import { crc32 } from 'node:zlib';
import { base62 } from '../../src/modules/api-keys/domain/base62.js';
import { KeyFormat } from '../../src/modules/api-keys/domain/key-format.js';
import { KeyHasher } from '../../src/modules/api-keys/domain/key-hasher.js';
import { KeyTags } from '../../src/modules/api-keys/domain/key-tags.js';

/** Of every test: the keys that a test database begins with are hashed under it. */
export const TEST_PEPPER = { version: 1, key: Buffer.alloc(32, 1) };

/** Of the platform, with the scope to verify. Made up here, so that no key stands in the code. */
export const SERVICE_KEY = withTagAndChecksum(`upblit_service_${'TestOfTheVerifier'.padEnd(24, '0')}`);

/** How a service shows it. */
export const AS_SERVICE = { Authorization: `Bearer ${SERVICE_KEY}` };

/** How a gateway shows it. */
export const AS_GATEWAY = { 'X-Service-Key': SERVICE_KEY };

const SERVICE_KEY_ID = '019b76da-a800-7000-8000-000000005e21';

/** Puts it into a migrated database that has it not, on behalf of the operator. */
export async function insertServiceKey(url: string): Promise<void> {
  const key = new KeyFormat().parse(SERVICE_KEY);
  if (key === null) throw new Error('The service key of the tests has not the form of one');
  const { bytes, pepperVersion } = new KeyHasher([TEST_PEPPER]).hash(key);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      `WITH key AS (
         INSERT INTO api_keys (id, application_id, name, environment, scopes, metadata, enabled, created_at,
                               created_by_issuer, created_by_subject, version, tags, ip_allowlist, rate_limits, metered)
         VALUES ($1, NULL, 'the tests', 'service', '{keys:verify}', '{}', true, now(),
                 'system', 'operator', 1, '{}', '{}', '[]', false)
         ON CONFLICT DO NOTHING RETURNING id, created_at
       )
       INSERT INTO api_key_secrets (id, api_key_id, hash, pepper_version, tag_version, hint, created_at)
       SELECT gen_random_uuid(), id, $2, $3, $3, $4, created_at FROM key`,
      [SERVICE_KEY_ID, bytes, pepperVersion, key.hint],
    );
  } finally {
    await client.end();
  }
}

/** As `key-format.ts` says. */
function withTagAndChecksum(beginning: string): string {
  const body = beginning + new KeyTags([TEST_PEPPER]).of(beginning);
  return body + base62(crc32(body), 6);
}
