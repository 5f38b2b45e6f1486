import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ENV, type Env } from '../../config/env.js';
import { ApplicationsModule } from '../applications/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { IdempotencyModule } from '../idempotency/index.js';
import { ApiKeyLimits, ApiKeyService } from './application/api-key.service.js';
import { ApplicationKeys } from './application/application-keys.js';
import { DatabaseClock } from './application/database-clock.js';
import { KeyUsage } from './application/key-usage.js';
import { RecordStore } from './application/record-store.js';
import { Overlaps } from './application/overlaps.js';
import { VerificationRecords } from './application/verification-records.js';
import { VerificationService } from './application/verification.service.js';
import { ApiKeyRepository } from './domain/api-key.repository.js';
import { KeyHasher } from './domain/key-hasher.js';
import { ApiKeyAccessGuard } from './http/api-key-access.guard.js';
import { ApiKeysController } from './http/api-keys.controller.js';
import { VerifyController } from './http/verify.controller.js';
import { apiKeySchema, apiKeySecretSchema, apiKeyUsageSchema } from './infrastructure/api-key.schema.js';
import { PostgresOverlaps } from './infrastructure/postgres-overlaps.js';
import { CachedVerificationRecords } from './infrastructure/cached-verification-records.js';
import { PostgresRecordStore } from './infrastructure/postgres-record-store.js';
import { UsageBuffer } from './infrastructure/usage-buffer.js';
import { TypeOrmApiKeyRepository } from './infrastructure/typeorm-api-key.repository.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([apiKeySchema, apiKeySecretSchema, apiKeyUsageSchema]),
    ApplicationsModule,
    FreshnessModule,
    IdempotencyModule,
  ],
  // Verification first: `apikey/verify` must not be taken for `apikey/{id}`.
  controllers: [VerifyController, ApiKeysController],
  providers: [
    ApiKeyService,
    VerificationService,
    ApplicationKeys,
    ApiKeyAccessGuard,
    { provide: ApiKeyRepository, useClass: TypeOrmApiKeyRepository },
    { provide: Overlaps, useClass: PostgresOverlaps },
    DatabaseClock,
    { provide: RecordStore, useClass: PostgresRecordStore },
    { provide: VerificationRecords, useClass: CachedVerificationRecords },
    { provide: KeyUsage, useClass: UsageBuffer },
    { provide: KeyHasher, inject: [ENV], useFactory: (env: Env) => new KeyHasher(env.API_KEY_PEPPERS ?? []) },
    {
      provide: ApiKeyLimits,
      inject: [ENV],
      useFactory: (env: Env): ApiKeyLimits => ({
        maxActiveKeysPerApplication: env.MAX_ACTIVE_KEYS_PER_APPLICATION,
      }),
    },
  ],
})
export class ApiKeysModule {}
