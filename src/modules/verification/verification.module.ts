import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { MeteringModule } from '../metering/index.js';
import { KeyUsage } from './application/key-usage.js';
import { Overlaps } from './application/overlaps.js';
import { RecordStore } from './application/record-store.js';
import { VerificationRecords } from './application/verification-records.js';
import { VerificationService } from './application/verification.service.js';
import { VerifyController } from './http/verify.controller.js';
import { VerifyShortcut } from './http/verify-shortcut.js';
import { CachedVerificationRecords } from './infrastructure/cached-verification-records.js';
import { PostgresOverlaps } from './infrastructure/postgres-overlaps.js';
import { PostgresRecordStore } from './infrastructure/postgres-record-store.js';
import { UsageBuffer } from './infrastructure/usage-buffer.js';

/** Whether a key that was presented may be used. */
@Module({
  imports: [ApiKeysModule, FreshnessModule, MeteringModule],
  controllers: [VerifyController],
  providers: [
    VerificationService,
    VerifyShortcut,
    { provide: RecordStore, useClass: PostgresRecordStore },
    { provide: VerificationRecords, useClass: CachedVerificationRecords },
    { provide: Overlaps, useClass: PostgresOverlaps },
    { provide: KeyUsage, useClass: UsageBuffer },
  ],
})
export class VerificationModule {}
