import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/index.js';
import { ApplicationsModule } from '../applications/index.js';
import { VerificationModule } from '../verification/index.js';
import { DenialRecords } from './application/denial-records.js';
import { DenialsService } from './application/denials.service.js';
import { DenialsController } from './http/denials.controller.js';
import { DenialBuffer } from './infrastructure/denial-buffer.js';
import { DenialsPurge } from './infrastructure/denials.purge.js';
import { PostgresDenialRecords } from './infrastructure/postgres-denial-records.js';

/** Why keys are refused, for those whose keys they are. */
@Module({
  imports: [VerificationModule, ApiKeysModule, ApplicationsModule],
  controllers: [DenialsController],
  providers: [
    DenialsService,
    { provide: DenialRecords, useClass: PostgresDenialRecords },
    DenialBuffer,
    DenialsPurge,
  ],
})
export class DenialsModule {}
