import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource, type ObjectLiteral } from 'typeorm';
import { dataSourceOptions } from '../../../src/infrastructure/database/data-source.js';
import { ApiKeySecret } from '../../../src/modules/api-keys/domain/api-key-secret.js';
import { ApiKey } from '../../../src/modules/api-keys/domain/api-key.js';
import { KeyHash } from '../../../src/modules/api-keys/domain/key-hasher.js';
import {
  apiKeySchema,
  apiKeySecretSchema,
  apiKeyUsageSchema,
  secretUsageSchema,
} from '../../../src/modules/api-keys/infrastructure/api-key.schema.js';
import { Application } from '../../../src/modules/applications/domain/application.js';
import { applicationSchema } from '../../../src/modules/applications/infrastructure/application.schema.js';

const SOMEBODY = { issuer: 'issuer', subject: 'subject' };

/** Writes rows as the service does, without the service. */
export class Rows {
  private constructor(private readonly dataSource: DataSource) {}

  static async open(url: string): Promise<Rows> {
    const dataSource = new DataSource({
      ...dataSourceOptions({ url, poolSize: 2 }),
      entities: [applicationSchema, apiKeySchema, apiKeySecretSchema, apiKeyUsageSchema, secretUsageSchema],
    });
    return new Rows(await dataSource.initialize());
  }

  async insertApplication(): Promise<string> {
    const application = Application.create(randomUUID(), SOMEBODY, { name: 'an application' }, new Date());
    await this.dataSource.manager.insert<ObjectLiteral>(applicationSchema, application);
    return application.id;
  }

  /** A new key with one secret. Takes no number, as issuing takes none. */
  async insertKey(application: string): Promise<string> {
    const [id, now] = [randomUUID(), new Date()];
    const secret = ApiKeySecret.create(randomUUID(), id, new KeyHash(randomBytes(32), 1), 'a hint', now);
    const key = ApiKey.issue({
      id,
      application: { id: application, scopes: null },
      settings: { environment: 'live' },
      secret,
      by: SOMEBODY,
      now,
    });
    await this.dataSource.transaction(async (manager) => {
      await manager.insert<ObjectLiteral>(apiKeySchema, key);
      await manager.insert<ObjectLiteral>(apiKeySecretSchema, secret);
    });
    return id;
  }

  /** The number of the last committed change. */
  async lastNumber(): Promise<number> {
    const [row] = await this.dataSource.query<{ number: string }[]>('SELECT number FROM key_change_counter');
    return Number(row!.number);
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
  }
}
