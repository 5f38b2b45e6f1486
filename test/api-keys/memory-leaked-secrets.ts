import { ApiKey } from '../../src/modules/api-keys/domain/api-key.js';
import { ApiKeySecret } from '../../src/modules/api-keys/domain/api-key-secret.js';
import { LeakedSecrets, type LockedSecret } from '../../src/modules/api-keys/domain/leaked-secrets.js';
import type { Dated } from '../../src/modules/freshness/index.js';
import type { MemoryKeys } from './memory.js';

/** Of the keys in memory, the secrets that somebody has found. */
export class MemoryLeakedSecrets extends LeakedSecrets {
  /** How many hashes were looked up, each time. */
  readonly lookedUp: number[] = [];

  constructor(private readonly world: MemoryKeys) {
    super();
  }

  findImported(
    hashes: readonly Buffer[],
  ): Promise<Dated<{ hash: Buffer; secretId: string; applicationId: string }[]>> {
    this.lookedUp.push(hashes.length);
    const value = this.keys
      .flatMap(({ secrets }) => secrets)
      .flatMap(({ hash, id: secretId, importedFor: applicationId }) =>
        applicationId !== null && hashes.some((one) => one.equals(hash))
          ? [{ hash, secretId, applicationId }]
          : [],
      );
    return Promise.resolve({ value, asOf: 0 });
  }

  lockSecrets(secretIds: readonly string[]): Promise<LockedSecret[]> {
    const working = this.keys
      .filter(({ revokedAt }) => revokedAt === null)
      .flatMap(({ id: keyId, isForService, secrets }) =>
        secrets
          .filter((secret) => secretIds.includes(secret.id) && secret.isLive(this.world.clock.now()))
          .map(({ id: secretId, hint }) => ({ secretId, hint, keyId, isForService })),
      );
    return Promise.resolve(working);
  }

  markLeaked(leaks: readonly { secretId: string; from: string | null }[], now: Date): Promise<string[]> {
    const placeOf = new Map(leaks.map(({ secretId, from }) => [secretId, from]));
    const marked: string[] = [];
    for (const key of this.keys) {
      const secrets = key.secrets.map((secret) => {
        const leakedFrom = placeOf.get(secret.id);
        if (leakedFrom === undefined || secret.leakedAt !== null) return secret;
        marked.push(secret.id);
        return copyOf(secret, { leakedAt: now, leakedFrom });
      });
      if (secrets.some((secret, i) => secret !== key.secrets[i])) this.write(key, { secrets });
    }
    return Promise.resolve(marked);
  }

  disableAll(ids: readonly string[]): Promise<string[]> {
    const enabled = this.keys.filter(({ id, enabled }) => ids.includes(id) && enabled);
    for (const key of enabled) this.write(key, { enabled: false, version: key.version + 1 });
    return Promise.resolve(enabled.map(({ id }) => id));
  }

  private get keys(): ApiKey[] {
    return [...this.world.rows.rows.values()];
  }

  private write(key: ApiKey, changes: Partial<ApiKey>): void {
    const { rows } = this.world.rows;
    rows.set(key.id, Object.assign(Object.create(ApiKey.prototype) as ApiKey, key, changes));
    this.world.unitOfWork.wrote(() => rows.set(key.id, key));
  }
}

function copyOf(secret: ApiKeySecret, changes: Partial<ApiKeySecret>): ApiKeySecret {
  return Object.assign(Object.create(ApiKeySecret.prototype) as ApiKeySecret, secret, changes);
}
