import { In, IsNull, Raw, type EntityManager, type FindOptionsWhere } from 'typeorm';
import type { ApiKeySecret } from '../domain/api-key-secret.js';
import { apiKeySecretSchema, secretUsageSchema } from './api-key.schema.js';

/** Days that a secret stays after it has ended: so long a verification says what became of it. */
const RETENTION_DAYS = 30;

/**
 * Of each key the secrets that work, oldest first, and the one that is named, whatever became of it. A key without
 * any has its newest one, which says what people recognise the key by. One that is rotated often has thousands that have
 * ended: they are neither read nor written with it.
 */
export async function readSecrets(
  keyIds: readonly string[],
  manager: EntityManager,
  secretId?: string,
): Promise<Map<string, ApiKeySecret[]>> {
  const unrevoked = { apiKeyId: In(keyIds), revokedAt: IsNull() };
  const where: FindOptionsWhere<ApiKeySecret>[] = [
    { ...unrevoked, expiresAt: IsNull() },
    { ...unrevoked, expiresAt: Raw((column) => `${column} > now()`) },
  ];
  if (secretId !== undefined) where.push({ apiKeyId: In(keyIds), id: secretId });
  const found = await manager.find(apiKeySecretSchema, { where, order: { createdAt: 'ASC' } });
  await addLastUses(found, manager);
  const byKey = new Map<string, ApiKeySecret[]>();
  for (const secret of found) {
    const secrets = byKey.get(secret.apiKeyId);
    if (secrets === undefined) byKey.set(secret.apiKeyId, [secret]);
    else secrets.push(secret);
  }
  const without = keyIds.filter((id) => !byKey.has(id));
  for (const secret of await newestOf(without, manager)) byKey.set(secret.apiKeyId, [secret]);
  return byKey;
}

/** Of those that have been replaced: few keys have any. */
async function addLastUses(secrets: readonly ApiKeySecret[], manager: EntityManager): Promise<void> {
  const replaced = secrets.filter(({ expiresAt }) => expiresAt !== null);
  if (replaced.length === 0) return;
  const uses = await manager.findBy(secretUsageSchema, { secretId: In(replaced.map(({ id }) => id)) });
  for (const { secretId, lastUsedAt, lastUsedFrom } of uses) {
    const secret = replaced.find(({ id }) => id === secretId);
    if (secret !== undefined) Object.assign(secret, { lastUsedAt, lastUsedFrom });
  }
}

/**
 * Inserts those that are new, and writes of the others when they end. Not their hash: a verification may have moved
 * it to another pepper since they were read.
 */
export async function writeSecrets(secrets: readonly ApiKeySecret[], manager: EntityManager): Promise<void> {
  if (secrets.length === 0) return;
  await manager
    .createQueryBuilder()
    .insert()
    .into(apiKeySecretSchema)
    .values([...secrets])
    .orUpdate(['expires_at', 'revoked_at'], ['id'], { skipUpdateIfNoValuesChanged: true })
    .updateEntity(false)
    .execute();
}

/**
 * Deletes up to `limit` secrets whose retention is over, and returns how many. A key that has none that works keeps
 * all of its own.
 */
export async function purgeEndedSecrets(limit: number, manager: EntityManager): Promise<number> {
  const [, deleted] = await manager.query<[unknown, number]>(
    `DELETE FROM api_key_secrets
      WHERE id IN (
        SELECT id FROM api_key_secrets ended
         WHERE (revoked_at < now() - make_interval(days => $2) OR expires_at < now() - make_interval(days => $2))
           AND EXISTS (SELECT FROM api_key_secrets live
                        WHERE live.api_key_id = ended.api_key_id AND live.revoked_at IS NULL
                          AND (live.expires_at IS NULL OR live.expires_at > now()))
         LIMIT $1 FOR UPDATE SKIP LOCKED)`,
    [limit, RETENTION_DAYS],
  );
  return deleted;
}

async function newestOf(keyIds: readonly string[], manager: EntityManager): Promise<ApiKeySecret[]> {
  if (keyIds.length === 0) return [];
  return manager
    .createQueryBuilder(apiKeySecretSchema, 'secret')
    .distinctOn(['secret.apiKeyId'])
    .where({ apiKeyId: In(keyIds) })
    .orderBy({ 'secret.apiKeyId': 'ASC', 'secret.createdAt': 'DESC' })
    .getMany();
}
