import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ENV, type Env } from '../../config/env.js';
import { ApplicationsModule } from '../applications/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { IdempotencyModule } from '../idempotency/index.js';
import { MeteringModule } from '../metering/index.js';
import { ApiKeyService } from './application/api-key.service.js';
import { BulkRevocationService } from './application/bulk-revocation.service.js';
import { BulkRevocationController } from './http/bulk-revocation.controller.js';
import { ActingServiceKey } from './application/acting-service-key.js';
import { LeakedKeys } from './application/leaked-keys.js';
import { ServiceKeyService } from './application/service-key.service.js';
import { KeyImportService } from './application/key-import.service.js';
import { KeyImportController } from './http/key-import.controller.js';
import { RevokeKeysOfMembers } from './application/revoke-keys-of-members.js';
import { RevokeKeysOnApplicationDeletion } from './application/revoke-keys-on-application-deletion.js';
import { ApiKeyLimits } from './domain/api-key-limits.js';
import { ApiKeyRepository } from './domain/api-key.repository.js';
import { KeyFormat } from './domain/key-format.js';
import { KeyHasher } from './domain/key-hasher.js';
import { LeakedSecrets } from './domain/leaked-secrets.js';
import { ApiKeyAccessGuard } from './http/api-key-access.guard.js';
import { ApiKeysController } from './http/api-keys.controller.js';
import { KeyCreditsController } from './http/key-credits.controller.js';
import { ServiceKeysController } from './http/service-keys.controller.js';
import {
  apiKeySchema,
  apiKeySecretSchema,
  apiKeyUsageSchema,
  secretUsageSchema,
} from './infrastructure/api-key.schema.js';
import { EndedSecretsPurge } from './infrastructure/ended-secrets.purge.js';
import { KeysOfDeletedApplications } from './infrastructure/keys-of-deleted-applications.js';
import { PostgresLeakedSecrets } from './infrastructure/postgres-leaked-secrets.js';
import { RevokedKeysPurge } from './infrastructure/revoked-keys.purge.js';
import { TypeOrmApiKeyRepository } from './infrastructure/typeorm-api-key.repository.js';

/** Keys as people issue and manage them. */
@Module({
  imports: [
    TypeOrmModule.forFeature([apiKeySchema, apiKeySecretSchema, apiKeyUsageSchema, secretUsageSchema]),
    ApplicationsModule,
    FreshnessModule,
    IdempotencyModule,
    MeteringModule,
  ],
  // Fixed paths first: `apikey/import` must not be taken for `apikey/{id}`.
  controllers: [
    BulkRevocationController,
    KeyImportController,
    ApiKeysController,
    KeyCreditsController,
    ServiceKeysController,
  ],
  providers: [
    ApiKeyService,
    ServiceKeyService,
    ActingServiceKey,
    BulkRevocationService,
    KeyImportService,
    LeakedKeys,
    RevokeKeysOnApplicationDeletion,
    RevokeKeysOfMembers,
    ApiKeyAccessGuard,
    { provide: ApiKeyRepository, useClass: TypeOrmApiKeyRepository },
    { provide: LeakedSecrets, useClass: PostgresLeakedSecrets },
    EndedSecretsPurge,
    RevokedKeysPurge,
    KeysOfDeletedApplications,
    {
      provide: KeyFormat,
      inject: [ENV],
      useFactory: (env: Env) => new KeyFormat(env.API_KEY_PREFIX, env.API_KEY_PREVIOUS_PREFIXES),
    },
    {
      provide: KeyHasher,
      inject: [ENV],
      useFactory: (env: Env) => new KeyHasher(env.API_KEY_PEPPERS ?? [], env.API_KEY_PEPPER_VERSION),
    },
    {
      provide: ApiKeyLimits,
      inject: [ENV],
      useFactory: (env: Env): ApiKeyLimits => ({
        maxActiveKeysPerApplication: env.MAX_ACTIVE_KEYS_PER_APPLICATION,
        maxKeysIssuedPerDay: env.MAX_KEYS_ISSUED_PER_DAY,
      }),
    },
  ],
  exports: [ApiKeyService, KeyFormat, KeyHasher, LeakedKeys, ServiceKeyService],
})
export class ApiKeysModule {}
