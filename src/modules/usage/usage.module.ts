import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/index.js';
import { ApplicationsModule } from '../applications/index.js';
import { VerificationModule } from '../verification/index.js';
import { UsageRecords } from './application/usage-records.js';
import { UsageService } from './application/usage.service.js';
import { UsageController } from './http/usage.controller.js';
import { PostgresUsageRecords } from './infrastructure/postgres-usage-records.js';
import { UsageBuffer } from './infrastructure/usage-buffer.js';
import { UsagePurge } from './infrastructure/usage-purge.js';
import { UsageRollUp } from './infrastructure/usage-roll-up.js';

/** How often keys are verified, with which verdicts, and when last. */
@Module({
  imports: [VerificationModule, ApiKeysModule, ApplicationsModule],
  controllers: [UsageController],
  providers: [
    UsageService,
    { provide: UsageRecords, useClass: PostgresUsageRecords },
    UsageBuffer,
    UsageRollUp,
    UsagePurge,
  ],
})
export class UsageModule {}
