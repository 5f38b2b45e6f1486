import { Module } from '@nestjs/common';
import { networkOf } from '../../infrastructure/network.js';
import { Clock } from '../../shared/clock.js';
import { ApiKeysModule, KeyFormat, LeakedKeys } from '../api-keys/index.js';
import { AuthModule } from '../auth/index.js';
import { VerificationModule, VerificationRecords } from '../verification/index.js';
import { LeakReports } from './application/leak-reports.js';
import { LeaksController } from './http/leaks.controller.js';

/** Takes reports of keys that were found where others can read them. */
@Module({
  imports: [VerificationModule, ApiKeysModule, AuthModule],
  controllers: [LeaksController],
  providers: [
    {
      provide: LeakReports,
      inject: [KeyFormat, VerificationRecords, LeakedKeys, Clock],
      useFactory: (...parts: [KeyFormat, VerificationRecords, LeakedKeys, Clock]) =>
        new LeakReports(...parts, networkOf),
    },
  ],
  exports: [LeakReports],
})
export class LeaksModule {}
