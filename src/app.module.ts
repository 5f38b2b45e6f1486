import { Module, type DynamicModule } from '@nestjs/common';
import { ENV, localAccountsOf, type Env } from './config/env.js';
import { DatabaseClock } from './infrastructure/database/database-clock.js';
import { DatabaseModule } from './infrastructure/database/database.module.js';
import { ServiceModule } from './infrastructure/http/service.module.js';
import { MetricsModule } from './infrastructure/metrics/metrics.module.js';
import { TracingModule } from './infrastructure/tracing/tracing.module.js';
import { ApiKeysModule } from './modules/api-keys/index.js';
import { ApplicationsModule } from './modules/applications/index.js';
import { AuditModule } from './modules/audit/index.js';
import { AuthModule, LocalAccountsModule } from './modules/auth/index.js';
import { DenialsModule } from './modules/denials/index.js';
import { FreshnessModule } from './modules/freshness/index.js';
import { HygieneModule } from './modules/hygiene/index.js';
import { IdempotencyModule } from './modules/idempotency/index.js';
import { GithubLeaksModule, LeaksModule } from './modules/leaks/index.js';
import { MeteringModule } from './modules/metering/index.js';
import { UsageModule } from './modules/usage/index.js';
import { VerificationModule } from './modules/verification/index.js';
import { WebhooksModule } from './modules/webhooks/index.js';
import { Clock } from './shared/clock.js';

/** The composition root. */
@Module({})
export class AppModule {
  static forRoot(env: Env): DynamicModule {
    return {
      module: AppModule,
      global: true,
      imports: [
        DatabaseModule,
        MetricsModule,
        TracingModule,
        ServiceModule,
        FreshnessModule,
        AuthModule,
        ...(localAccountsOf(env) === 'off' ? [] : [LocalAccountsModule]),
        ApplicationsModule,
        IdempotencyModule,
        MeteringModule,
        // Before the keys: `apikey/verify` must not be taken for `apikey/{id}`.
        VerificationModule,
        ApiKeysModule,
        AuditModule,
        UsageModule,
        DenialsModule,
        LeaksModule,
        ...(env.LEAKS_GITHUB === 'on' ? [GithubLeaksModule] : []),
        HygieneModule,
        WebhooksModule,
      ],
      providers: [
        { provide: ENV, useValue: env },
        { provide: Clock, useExisting: DatabaseClock },
      ],
      exports: [ENV, Clock, DatabaseModule],
    };
  }
}
