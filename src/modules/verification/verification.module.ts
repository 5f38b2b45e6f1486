import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/index.js';
import { ApplicationsModule } from '../applications/index.js';
import { AuthModule } from '../auth/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { MeteringModule } from '../metering/index.js';
import { RotationOverlapStarter } from './application/rotation-overlap-starter.js';
import { RotationOverlapStore } from './application/rotation-overlap-store.js';
import { VerificationRecordStore } from './application/verification-record-store.js';
import { ENV, type Env } from '../../config/env.js';
import { AnonymousCallers } from './application/anonymous-callers.js';
import { KeyExplanationService } from './application/key-explanation.service.js';
import { KeyHolderService } from './application/key-holder.service.js';
import { ServiceKeyCallers } from './application/service-key-callers.js';
import { VerificationObservers } from './application/verification-observer.js';
import { VerificationRecords } from './application/verification-records.js';
import { VerificationService } from './application/verification.service.js';
import { PresentedKeys } from './http/presented-key.js';
import { SelfController } from './http/self.controller.js';
import { TryKeyController } from './http/try-key.controller.js';
import { VerifyingCallers } from './http/verifying-callers.js';
import { VerifyController } from './http/verify.controller.js';
import { VerifyFastPath } from './http/verify.fast-path.js';
import { CachedVerificationRecords } from './infrastructure/cached-verification-records.js';
import { PostgresRotationOverlapStore } from './infrastructure/postgres-rotation-overlap-store.js';
import { PostgresVerificationRecordStore } from './infrastructure/postgres-verification-record-store.js';
import { VerificationLog } from './infrastructure/verification-log.js';
import { VerificationMetrics } from './infrastructure/verification-metrics.js';

/** Whether a key that was presented may be used. */
@Module({
  imports: [AuthModule, ApplicationsModule, ApiKeysModule, FreshnessModule, MeteringModule],
  controllers: [VerifyController, SelfController, TryKeyController],
  providers: [
    VerificationService,
    ServiceKeyCallers,
    KeyHolderService,
    KeyExplanationService,
    VerifyingCallers,
    PresentedKeys,
    {
      provide: AnonymousCallers,
      inject: [ENV],
      useFactory: (env: Env): AnonymousCallers => ({ mayVerify: env.VERIFY_ANONYMOUS }),
    },
    VerificationObservers,
    RotationOverlapStarter,
    VerificationLog,
    VerificationMetrics,
    VerifyFastPath,
    { provide: VerificationRecordStore, useClass: PostgresVerificationRecordStore },
    { provide: VerificationRecords, useClass: CachedVerificationRecords },
    { provide: RotationOverlapStore, useClass: PostgresRotationOverlapStore },
  ],
  // For modules that count, or tell of, what is verified.
  exports: [VerificationObservers, VerificationRecords],
})
export class VerificationModule {}
