import { Module } from '@nestjs/common';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { ENV, type Env } from '../../config/env.js';
import { poolOf } from '../../infrastructure/database/pool.js';
import { Clock } from '../../shared/clock.js';
import { ApplicationsModule } from '../applications/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { IdempotencyModule } from '../idempotency/index.js';
import { ApiKeyLimits, ApiKeyService } from './application/api-key.service.js';
import { BulkRevocationService } from './application/bulk-revocation.service.js';
import { BulkRevocationController } from './http/bulk-revocation.controller.js';
import { KeyImportService } from './application/key-import.service.js';
import { KeyImportController } from './http/key-import.controller.js';
import { ApplicationKeys } from './application/application-keys.js';
import { CreditLedger } from './application/credit-ledger.js';
import { CreditStore } from './application/credit-store.js';
import { KeyUsage } from './application/key-usage.js';
import { LimitsService } from './application/limits.service.js';
import { Meter } from './application/meter.js';
import { RateLimitStore } from './application/rate-limit-store.js';
import { RateLimiter, RateLimiterOptions } from './application/rate-limiter.js';
import { RecordStore } from './application/record-store.js';
import { Overlaps } from './application/overlaps.js';
import { VerificationRecords } from './application/verification-records.js';
import { VerificationService } from './application/verification.service.js';
import { ApiKeyRepository } from './domain/api-key.repository.js';
import { ApplicationLimitsRepository } from './domain/application-limits.js';
import { CreditBalances } from './domain/credit-balances.js';
import { KeyHasher } from './domain/key-hasher.js';
import { ApiKeyAccessGuard } from './http/api-key-access.guard.js';
import { ApiKeysController } from './http/api-keys.controller.js';
import { LimitsController } from './http/limits.controller.js';
import { VerifyController } from './http/verify.controller.js';
import { VerifyShortcut } from './http/verify-shortcut.js';
import { apiKeySchema, apiKeySecretSchema, apiKeyUsageSchema } from './infrastructure/api-key.schema.js';
import { PostgresOverlaps } from './infrastructure/postgres-overlaps.js';
import { CachedVerificationRecords } from './infrastructure/cached-verification-records.js';
import { createRateLimitStore } from './infrastructure/create-rate-limit-store.js';
import { PostgresApplicationLimits } from './infrastructure/postgres-application-limits.js';
import { PostgresCreditBalances } from './infrastructure/postgres-credit-balances.js';
import { PostgresCreditStore } from './infrastructure/postgres-credit-store.js';
import { PostgresRecordStore } from './infrastructure/postgres-record-store.js';
import { RateLimitMetrics } from './infrastructure/rate-limit-metrics.js';
import { EndedSecretsPurge } from './infrastructure/ended-secrets.purge.js';
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
  controllers: [
    VerifyController,
    BulkRevocationController,
    KeyImportController,
    ApiKeysController,
    LimitsController,
  ],
  providers: [
    ApiKeyService,
    VerificationService,
    VerifyShortcut,
    BulkRevocationService,
    KeyImportService,
    ApplicationKeys,
    ApiKeyAccessGuard,
    { provide: ApiKeyRepository, useClass: TypeOrmApiKeyRepository },
    EndedSecretsPurge,
    { provide: Overlaps, useClass: PostgresOverlaps },
    Meter,
    RateLimiter,
    RateLimitMetrics,
    CreditLedger,
    LimitsService,
    { provide: ApplicationLimitsRepository, useClass: PostgresApplicationLimits },
    {
      provide: CreditBalances,
      inject: [getDataSourceToken()],
      useFactory: (dataSource: DataSource) => new PostgresCreditBalances(poolOf(dataSource)),
    },
    {
      provide: CreditStore,
      inject: [getDataSourceToken()],
      useFactory: (dataSource: DataSource) => new PostgresCreditStore(poolOf(dataSource)),
    },
    {
      provide: RateLimitStore,
      inject: [ENV, Clock, getDataSourceToken()],
      useFactory: (env: Env, clock: Clock, dataSource: DataSource) =>
        createRateLimitStore(env, clock, poolOf(dataSource)),
    },
    {
      provide: RateLimiterOptions,
      inject: [ENV],
      useFactory: (env: Env): RateLimiterOptions => ({
        onFailure: env.RATE_LIMIT_ON_FAILURE,
        timeoutMs: env.RATE_LIMIT_TIMEOUT_MS,
      }),
    },
    { provide: RecordStore, useClass: PostgresRecordStore },
    { provide: VerificationRecords, useClass: CachedVerificationRecords },
    { provide: KeyUsage, useClass: UsageBuffer },
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
      }),
    },
  ],
})
export class ApiKeysModule {}
