import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/index.js';
import { AuthModule } from '../auth/index.js';
import { VerificationModule } from '../verification/index.js';
import { LeakReports } from './application/leak-reports.js';
import { LeaksController } from './http/leaks.controller.js';

/** Takes reports of keys that were found where others can read them. */
@Module({
  imports: [VerificationModule, ApiKeysModule, AuthModule],
  controllers: [LeaksController],
  providers: [LeakReports],
  exports: [LeakReports],
})
export class LeaksModule {}
