import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { MeteringModule } from '../metering/index.js';
import { OverlapStarter } from './application/overlap-starter.js';
import { Overlaps } from './application/overlaps.js';
import { RecordStore } from './application/record-store.js';
import { VerificationObservers } from './application/verification-observer.js';
import { VerificationRecords } from './application/verification-records.js';
import { VerificationService } from './application/verification.service.js';
import { VerifyController } from './http/verify.controller.js';
import { VerifyFastPath } from './http/verify.fast-path.js';
import { CachedVerificationRecords } from './infrastructure/cached-verification-records.js';
import { LastUseBuffer } from './infrastructure/last-use-buffer.js';
import { PostgresOverlaps } from './infrastructure/postgres-overlaps.js';
import { PostgresRecordStore } from './infrastructure/postgres-record-store.js';
import { VerificationLog } from './infrastructure/verification-log.js';
import { VerificationMetrics } from './infrastructure/verification-metrics.js';

/** Whether a key that was presented may be used. */
@Module({
  imports: [ApiKeysModule, FreshnessModule, MeteringModule],
  controllers: [VerifyController],
  providers: [
    VerificationService,
    VerificationObservers,
    OverlapStarter,
    LastUseBuffer,
    VerificationLog,
    VerificationMetrics,
    VerifyFastPath,
    { provide: RecordStore, useClass: PostgresRecordStore },
    { provide: VerificationRecords, useClass: CachedVerificationRecords },
    { provide: Overlaps, useClass: PostgresOverlaps },
  ],
})
export class VerificationModule {}
