import { Module } from '@nestjs/common';
import { ApplicationsModule } from '../applications/index.js';
import { FreshnessModule } from '../freshness/index.js';
import { HygieneRecords } from './application/hygiene-records.js';
import { HygieneService } from './application/hygiene.service.js';
import { HygieneController } from './http/hygiene.controller.js';
import { PolicyController } from './http/policy.controller.js';
import { PostgresHygieneRecords } from './infrastructure/postgres-hygiene-records.js';

/** What an application demands of its keys, and what is to be done about those that it has. */
@Module({
  imports: [ApplicationsModule, FreshnessModule],
  controllers: [PolicyController, HygieneController],
  providers: [HygieneService, { provide: HygieneRecords, useClass: PostgresHygieneRecords }],
})
export class HygieneModule {}
