import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What both baselines do with a key: one HMAC-SHA-256, and a look into a Map. @returns {(key: string) => object | undefined} */
export function recordsByHash() {
  const pepper = randomBytes(32);
  const hashOf = (key) => createHmac('sha256', pepper).update(key).digest('base64url');
  /** @type {{ key: string, record: object }[]} */
  const entries = JSON.parse(readFileSync(process.env.KEYS_FILE, 'utf8'));
  const records = new Map(entries.map(({ key, record }) => [hashOf(key), record]));
  return (key) => records.get(hashOf(key));
}

/** What both answer. @param {object | undefined} record */
export function answerOf(record) {
  if (record === undefined) return { valid: false, code: 'NOT_FOUND' };
  return {
    valid: true,
    code: 'VALID',
    keyId: record.keyId,
    applicationId: record.applicationId,
    ownerId: record.ownerId,
    name: record.name,
    environment: record.environment,
    scopes: record.scopes,
    metadata: record.metadata,
    expiresAt: record.expiresAt,
  };
}
